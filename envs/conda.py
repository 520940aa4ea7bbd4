"""Write the conda environments of `--sdm conda` from the pinned files: `python envs/conda.py`, or `make envs`.

Snakemake copies an environment's file elsewhere before it makes the environment, so that a file cannot name another
one: every pin is written out, of what a package requires as well. Packages that must come without what they ask for are
installed by the script beside it, which Snakemake runs in the new environment.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HERE = Path(__file__).resolve().parent
GROUPS = ("data", "models")
HEAD = "# Written by envs/conda.py from {name}.txt and constraints.txt: do not edit, run `make envs`.\n"


def files() -> dict[str, str]:
    """The text of every file that is written, by its name."""
    written = {}
    for group in GROUPS:
        written[f"{group}.yaml"] = environment(group)
        written[f"{group}.post-deploy.sh"] = post_deploy(group)
    return written


def environment(group: str) -> str:
    """A conda environment with Python and all packages of a group, those that they require included."""
    found = {platform: closure(listed(f"{group}.txt"), platform) for platform in ("linux", "darwin")}
    pinned = pins()
    lines = [
        f"      - {pinned[name]}" + ("" if name in found["darwin"] else "; sys_platform == 'linux'")
        for name in sorted(found["linux"])
    ]
    head = ["channels: [conda-forge, nodefaults]", "dependencies:", "  - python=3.11", "  - pip", "  - pip:"]
    return HEAD.format(name=group) + "\n".join([*head, *lines]) + "\n"


def post_deploy(group: str) -> str:
    """The script that adds what has to come without its own requirements."""
    pinned = pins()
    packages = [pinned[name] for name in sorted(map(canonicalize_name, listed(f"{group}.no-deps.txt")))]
    return (
        "#!/usr/bin/env bash\n"
        + HEAD.format(name=f"{group}.no-deps")
        + "set -euo pipefail\npython -m pip install --no-deps \\\n    "
        + " \\\n    ".join(packages)
        + "\n"
    )


def listed(file: str) -> Iterator[str]:
    """The packages that a requirements file and those that it includes name."""
    for line in (HERE / file).read_text(encoding="utf-8").splitlines():
        line = line.split("#")[0].strip()
        if line.startswith("--requirement "):
            yield from listed(line.split()[1])
        elif line and not line.startswith("--"):
            yield line


def pins() -> dict[str, str]:
    """`name==version` by canonical name, as constraints.txt has them."""
    lines = (HERE / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return {canonicalize_name(line.split("==")[0]): line for line in lines if "==" in line and line[0] != "#"}


def closure(names: Iterator[str], platform: str) -> set[str]:
    """Canonical names of these packages and of all that they require there, as their installed metadata say."""
    where = {"sys_platform": platform, "platform_system": platform.capitalize(), "extra": ""}
    seen: set[tuple[str, str]] = set()
    queue = [(canonicalize_name(name), "") for name in names]
    while queue:
        item = queue.pop()
        if item in seen:
            continue
        seen.add(item)
        name, extra = item
        for line in requires(name) or []:
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate(where | {"extra": extra}):
                queue += [(canonicalize_name(needed.name), one) for one in ("", *needed.extras)]
    return {name for name, _ in seen}


if __name__ == "__main__":
    for name, text in files().items():
        (HERE / name).write_text(text, encoding="utf-8")
