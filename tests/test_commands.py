"""Every command in the documents, in a cheap form that fails where the command itself would.

An indented block is commands, one in a line; a block of `bash` is a script; inline code is a command where it begins
with one of :data:`INLINE`. `snakemake` becomes a dry run in a checkout with the files that the documents speak of,
`anonbench` runs on drawn photographs, `make` says what it would do, and `python -m` prints its help. What is left is in
:data:`NOT_RUN`.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import yaml
from markdown_it import MarkdownIt
from typer.testing import CliRunner

from anonbench.anonymize.frame import anonymize
from anonbench.cli.main import app
from anonbench.common.plugins import use_folders
from anonbench.common.root import ROOT
from anonbench.config.config import read_config, with_defaults
from anonbench.config.plugins import METHODS
from anonbench.detect.detector import Detections
from anonbench.regions.region import Region
from tests.helpers.own_coco import listed, person, photo
from tests.helpers.project import Project
from tests.test_docs import FENCE, PRESENT, identity

pytestmark = pytest.mark.slow

INLINE = ("snakemake ", "anonbench ", "make ", "python -m ")
NOT_RUN = {
    "source": "a shell's own environment",
    ".venv/bin/pytest": "what runs this",
    ".venv/bin/ruff": "a part of `make check`",
    "sudo apt-get install": "needs root and a network",
    "sudo tests/slurm/one_node.py": "needs root and SLURM; tests/slurm/ starts and stops it",
    "python3.11 -m venv": "the environment of `--sdm conda`, without torch: tests/workflow/test_envs.py",
    ". launch/bin/activate": "the same",
    "pip install": "needs a network; tests/workflow/test_envs.py compares the files with the pins",
    "apptainer build": "needs Apptainer and a network",
    "snakedeploy deploy-workflow": "needs a published copy",
}
PREFIX = re.compile(r"^(?:sudo )?(?:[A-Z_]+=\S+ )*(?:\.venv(?:-slurm)?/bin/)?")


@dataclass(frozen=True)
class Command:
    """One command, and the document that has it."""

    page: str
    text: str

    @property
    def words(self) -> list[str]:
        """The program and its arguments, as a shell reads them; what stands in brackets may be left out or given."""
        plain = PREFIX.sub("", re.sub(r" \[(--[^]]*)\]", r" \1", self.text))
        return [word for written in shlex.split(plain) for word in braces(written)]

    @property
    def not_run(self) -> str | None:
        """Under which words :data:`NOT_RUN` has it."""
        return next((start for start in NOT_RUN if f"{self.text} ".startswith(f"{start} ")), None)

    @property
    def program(self) -> str:
        """What it calls, if it is to be run."""
        return "" if self.not_run else self.words[0]

    @property
    def options(self) -> set[str]:
        return {word for word in self.words if word.startswith("-")}


def braces(word: str) -> Iterator[str]:
    """Bash's expansion of `a{b,c}`; a home's `~` as well."""
    parts = [part.split(",") for part in re.split(r"[{}]", os.path.expanduser(word))]
    return map("".join, product(*parts)) if "{" in word else iter([os.path.expanduser(word)])


def commands(path: Path) -> Iterator[Command]:
    """What a document tells its readers to type, but for scripts."""
    for token in MarkdownIt("commonmark").enable("table").parse(path.read_text(encoding="utf-8")):
        if token.type == "code_block":
            lines = re.sub(r"\\\n\s*", "", token.content).splitlines()
            typed = [part for line in lines for part in re.split(r"\s+&&\s+", re.sub(r"(^|\s+)# .*", "", line))]
        else:
            codes = [child.content for child in token.children or () if child.type == "code_inline"]
            typed = [code.replace("\n", " ") for code in codes if code.startswith(INLINE)]
        yield from (Command(identity(path), text.strip()) for text in typed if text.strip())


def scripts(path: Path) -> list[str]:
    return [text for language, text in FENCE.findall(path.read_text(encoding="utf-8")) if language == "bash"]


COMMANDS = [command for path in PRESENT for command in commands(path)]


def calls(program: str) -> list[Command]:
    return list(dict.fromkeys(command for command in COMMANDS if command.program == program))


# Files that the documents speak of


def data(folder: Path, images: str, annotations: str) -> None:
    """Six photographs with a customer, an employee and a product each."""
    (folder / images).mkdir(parents=True, exist_ok=True)
    for number in range(1, 7):
        (folder / images / f"{number}.png").write_bytes(photo())
    records = [person(image, category_id=kind, id=3 * image + kind) for image in range(1, 7) for kind in (1, 2, 3)]
    names = ("customer", "employee", "person") if annotations == "people.json" else ("customer", "employee", "product")
    content = {
        "images": [listed(number, f"{number}.png") for number in range(1, 7)],
        "annotations": records,
        "categories": [{"id": number, "name": name} for number, name in enumerate(names, start=1)],
    }
    (folder / annotations).write_text(json.dumps(content))


def configuration(page: str, *containing: str) -> dict:
    """A page's blocks of YAML, merged: of each of these words the first one that has it."""
    blocks = [text for language, text in FENCE.findall((ROOT / page).read_text(encoding="utf-8")) if language == "yaml"]
    merged: dict = {}
    for word in containing:
        merged |= yaml.safe_load(next(block for block in blocks if word in block))
    return merged


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the project with a reader's own files, and a home in which it is `~/anonbench`."""
    home = tmp_path_factory.mktemp("home")
    root = Project.create(home / "anonbench", {}).root
    shop = root / "data" / "shop"
    for split in ("train", "val"):
        data(shop, split, f"{split}.json")
    data(root, "photos", "people.json")
    data(root, "val", "val.json")
    (root / "photos" / "party.jpg").write_bytes(photo("JPEG"))
    mine = yaml.safe_dump(configuration("README.md", "people: [", "shop_body")).replace("/data/shop", str(shop))
    (root / "my.yaml").write_text(mine)
    archives = root / "data" / "archives"
    archives.mkdir()
    study = (ROOT / "docs" / "paper-study.md").read_text(encoding="utf-8")
    for name in re.findall(r"`(\w+\.zip)`", study):
        (archives / name).touch()
    given = yaml.safe_dump(configuration("docs/paper-study.md", "archives:")).replace("/data/archives", str(archives))
    (root / "mine.yaml").write_text(given)
    more = yaml.safe_dump(configuration("docs/studies.md", "cityscapes:"))
    (root / "more.yaml").write_text(more.replace("/data/archives", str(archives)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv("PYTHONPATH", str(root))
        patch.chdir(root)
        yield root


# What is run


def test_every_command_is_run_or_said_not_to_be() -> None:
    unknown = {command for command in COMMANDS if not command.not_run} - {
        command for program in ("snakemake", "anonbench", "make", "python") for command in calls(program)
    }
    assert unknown == set(), "run it in this file, or name it in NOT_RUN with the reason"
    assert {command.not_run for command in COMMANDS if command.not_run} == NOT_RUN.keys()
    assert {page for page in map(identity, PRESENT) if scripts(ROOT / page)} == {"docs/begin.md"}


@pytest.fixture(scope="module")
def finding() -> Iterator[None]:
    """A detector of faces and people that finds one in every photograph, without weights."""
    found = Detections(np.array([[60.0, 20, 100, 110]]), np.array([0.9]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("anonbench.detect.faces.face_detector", lambda config: lambda image: found)
        patch.setattr("anonbench.detect.nanodet.NanoDet", lambda threshold=None: lambda image: found)
        yield


@pytest.fixture(scope="module")
def begun(checkout: Path, finding: None) -> Path:
    """The checkout after its `anonbench` commands and the page's script."""
    for command in calls("anonbench"):
        run_anonbench(command, checkout)
    for script in scripts(ROOT / "docs" / "begin.md"):
        subprocess.run(["bash", "-euc", script], cwd=checkout, check=True)
    (checkout / "my-study" / "my.yaml").write_text((checkout / "my.yaml").read_text())
    return checkout


def run_anonbench(command: Command, checkout: Path) -> None:
    _, name, *words = command.words
    if not words:
        words = ["--help"]  # the command's name
    elif {"…", "IMAGE", "IMAGES", "NAME"} & set(re.split(r"[\s/]", command.text)):  # a shape, not a call
        shown = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "200"}).output
        assert all(option in shown for option in command.options), command
        return
    if name == "anonymize":
        words += ["--overwrite", "--workers", "1"]  # the last command's folder, and the process that `finding` knows of
    done = CliRunner().invoke(app, [name, *words])
    expected = 1 if "--annotations" in words else 0  # which do not list party.jpg
    assert done.exit_code == expected, f"{command}\n{done.output}"


def test_anonbench_does_what_the_documents_say(begun: Path) -> None:
    assert (begun / "hidden" / "1.png").read_bytes() != (begun / "photos" / "1.png").read_bytes()
    study = yaml.safe_load((begun / "my-study" / "study.yaml").read_text())
    assert study["datasets"]["own"]["splits"].keys() == {"train", "val"}


def test_snakemake_would_run_what_the_documents_say(begun: Path) -> None:
    from snakemake.cli import get_argument_parser

    parser = get_argument_parser()
    asked = defaultdict(list)
    for command in calls("snakemake"):
        options = parser.parse_args(command.words[1:])
        files = [str(file) for file in options.configfile]
        if files == ["config/paper.yaml"]:
            files.append("mine.yaml")  # says where the archives are that require a login
        assert all((begun / profile / "config.yaml").is_file() for profile in options.profile or ()), command
        # conda, Apptainer and SLURM's plugin need not be here: the graph is the same without them.
        asked[str(options.snakefile or ""), str(options.directory or ""), *files] += options.targets
    assert len(asked) >= 6
    for (snakefile, directory, *files), targets in asked.items():
        words = [*dict.fromkeys(targets), "--cores", "1", "--dry-run", "--quiet", "rules"]
        words += ["--snakefile", snakefile] * bool(snakefile) + ["--directory", directory] * bool(directory)
        words += ["--configfile", *files] * bool(files)
        done = subprocess.run([sys.executable, "-m", "snakemake", *words], cwd=begun, capture_output=True, text=True)
        assert done.returncode == 0, f"snakemake {shlex.join(words)}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        assert "dry-run" in done.stdout + done.stderr


def test_the_pasted_method_hides_a_body(begun: Path) -> None:
    raw = yaml.safe_load((begun / "stripes.yaml").read_text())
    use_folders([str(begun / "my_plugins")])
    try:
        config = read_config(with_defaults(raw, ROOT / "config" / "config.yaml"))
        method = METHODS.create("stripes", config.method_config("stripes", "medium", "body"))
        image = np.full((60, 60, 3), 100, np.uint8)
        done = anonymize(method, image, [Region(np.array([10.0, 10, 40, 50]))])
    finally:
        use_folders([])
    inside = done.image[10:50, 10:40]
    assert (inside == inside[0]).all() and inside[0, :8, 0].tolist() == [0] * 4 + [255] * 4
    assert (done.image[:10] == 100).all() and (done.image[:, 40:] == 100).all()


def test_make_has_what_the_documents_ask_for() -> None:
    for command in calls("make"):
        done = subprocess.run(["make", "-n", *command.words[1:]], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0 and done.stdout, f"{command}\n{done.stderr}"


HELP = """
import contextlib, importlib, io, json, runpy, sys
shown = {}
for name in sys.argv[1:]:
    sys.argv = [name, "--help"]
    with contextlib.redirect_stdout(io.StringIO()) as out:
        if "argparse" in open(name.replace(".", "/") + ".py").read():
            try:
                runpy.run_module(name, run_name="__main__", alter_sys=True)
            except SystemExit as end:
                assert not end.code, name
        else:
            importlib.import_module(name).main
    shown[name] = out.getvalue()
print(json.dumps(shown))
"""


def test_programs_take_the_options_that_the_documents_give_them() -> None:
    programs = calls("python")
    names = sorted({command.words[2] for command in programs})
    assert all(command.words[1] == "-m" for command in programs)
    done = subprocess.run([sys.executable, "-c", HELP, *names], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout.splitlines()[-1])
    for command in programs:
        options = command.options - {"-m"}
        assert all(re.search(rf"{option}\b", shown[command.words[2]]) for option in options), command
