"""Where the pages of the site come from: the hook of ``mkdocs.yml``.

Every document has the place in the site that it has in the repository, so that one link serves both.
"""

from __future__ import annotations

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
SHOWN = ("*.md", "config/README.md", "docs/**/*.md", "docs/*.jpg")
LINKED = ("LICENSE", "CITATION.cff", "anonbench/study/resources.py", "docs/results/data/*.csv")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """The documents and what they link to, in place of the files of `docs/`; the theme's own stay."""
    found = sorted({path for pattern in (*SHOWN, *LINKED) for path in ROOT.glob(pattern)})
    theme = [file for file in files if file.src_dir != config.docs_dir]
    return Files([*theme, *(placed(path, config) for path in found)])


def placed(path: Path, config: MkDocsConfig) -> File:
    return File(str(path.relative_to(ROOT)), str(ROOT), config.site_dir, config.use_directory_urls)
