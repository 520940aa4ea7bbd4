"""The documents: tables that follow their figures, and names, links and configurations that exist."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import get_args

import numpy as np
import pandas as pd
import pytest
import yaml
from pydantic import BaseModel

from anonbench.common.root import ROOT
from anonbench.config.config import Config, read_config, with_defaults
from anonbench.config.datasets import FileSource
from anonbench.config.plugins import FORMATS, KINDS, METHODS
from anonbench.config.types import Region

DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "config/README.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
PRESENT = [path for path in DOCUMENTS if path.name != "CHANGELOG.md"]  # which also names what is gone
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
RULES = {
    rule for path in (ROOT / "rules").glob("*.smk") for rule in re.findall(r"^rule (\w+):", path.read_text(), re.M)
}


def identity(path: Path) -> str:
    return str(path.relative_to(ROOT))


def each_document(documents: list[Path] = PRESENT) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", documents, ids=identity)


def words(path: Path) -> set[str]:
    """What a document writes in backticks, outside of code blocks."""
    return set(re.findall(r"`([^`\n]+)`", FENCE.sub("", path.read_text())))


# Tables


@pytest.fixture(scope="module")
def build() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_build", ROOT / "docs" / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    for part in ("README.md", "docs", "config"):
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy2
        copy(ROOT / part, tmp_path / part)
    return tmp_path


def test_the_documents_show_the_stored_figures(build: ModuleType) -> None:
    assert build.stale(ROOT) == []


def test_a_changed_number_makes_its_table_stale(build: ModuleType, copied: Path) -> None:
    readme = copied / "README.md"
    readme.write_text(readme.read_text().replace("| 44.0 ± 3.3 |", "| 45.0 ± 3.3 |"))
    assert build.stale(copied) == ["README.md: the table photos is stale. Run `make docs`."]


def test_changed_figures_make_their_table_stale(build: ModuleType, copied: Path) -> None:
    file = copied / build.DATA / "demo.csv"
    figures = pd.read_csv(file, keep_default_na=False)
    figures["mean"] += 1
    figures.to_csv(file, index=False)
    stale = [f"{page}: the table demo is stale. Run `make docs`." for page in ("README.md", "docs/begin.md")]
    assert build.stale(copied) == stale


def test_a_changed_method_makes_the_picture_stale(build: ModuleType, copied: Path) -> None:
    config = copied / "config" / "config.yaml"
    config.write_text(config.read_text().replace("medium: {sigma: 0.1}", "medium: {sigma: 0.3}"))
    (problem,) = build.stale(copied)
    assert "docs/anonymizers.jpg shows other methods" in problem


def test_figures_are_points_over_seeds(build: ModuleType) -> None:
    row = {"dataset": "d", "task": "detection", "model": "m", "region": "body", "method": "blur", "level": "medium"}
    row |= {"evaluated_on": "original", "scope": "all", "category": "all"}
    summary = pd.DataFrame(
        [
            row | {"seed": 0, "metric": "AP", "value": 0.1, "drop": 0.3, "linkability": 0.362},
            row | {"seed": 1, "metric": "AP", "value": 0.3, "drop": 0.2, "linkability": 0.362},
            row | {"seed": 0, "metric": "AP75", "value": 0.9, "drop": 0.0},
            row | {"seed": 0, "metric": "AP", "value": 0.9, "drop": 0.0, "level": "high"},
            row | {"seed": 0, "metric": "AP", "value": 0.9, "drop": 0.0, "scope": "category"},
        ]
    )
    drops = pd.DataFrame(
        [
            row | {"metric": "AP", "low": 0.2, "high": 0.3, "verdict": "costs"},
            row | {"metric": "AP", "low": 0.8, "high": 0.9, "verdict": "", "level": "high"},
            row | {"metric": "PCK", "low": 0.4, "high": 0.5, "verdict": "equivalent"},
        ]
    )
    figures = build.aggregated(build.medium(summary), build.medium(drops)).set_index("metric")
    assert figures.loc["AP", ["mean", "seeds"]].tolist() == [20, 2]
    assert figures.loc["AP", "sd"] == pytest.approx(14.142136)
    assert figures.loc["drop in AP", ["mean"]].tolist() == [25]
    assert set(figures.index) == {"AP", "drop in AP", "linkability"} and np.isnan(figures.low["AP"])
    assert figures.loc["drop in AP", ["low", "high", "verdict"]].tolist() == [20, 30, "costs"]
    assert "| body   | blur   | 20.0 ± 14.1 | –       | –       | –   | 37 %            |" in build.side_by_side(
        figures.reset_index()
    )
    assert "| 20.0 ± 14.1 | 25.0 [20.0, 30.0] | costs   | 2     |" in build.by_task(figures.reset_index())


def test_wider_faces_figures_are_those_of_three_difficulties(build: ModuleType) -> None:
    row = {
        "dataset": "wider_face",
        "task": "detection",
        "model": "m",
        "evaluated_on": "original",
        "scope": "all",
        "seed": 0,
    }
    original = row | {"region": "none", "method": "original", "level": "none"}
    blurred = row | {"region": "face", "method": "blur", "level": "medium"}
    metrics = {"AP_easy": 0.9, "AP_medium": 0.8, "AP_hard": 0.7}
    summary = pd.DataFrame(
        [original | {"metric": metric, "value": value} for metric, value in metrics.items()]
        + [blurred | {"metric": metric, "value": 0.1, "drop": value - 0.1} for metric, value in metrics.items()]
        + [blurred | {"metric": "AP", "value": 0.5, "drop": 0.5, "dataset": "coco"}]
    ).assign(linkability=np.nan)
    verdicts = pd.DataFrame(
        [blurred | {"metric": m, "low": v - 0.2, "high": v, "verdict": "costs"} for m, v in metrics.items()]
    )
    figures = build.aggregated(build.faces(summary), build.faces(verdicts))
    *_, first, second = build.by_difficulty(figures).splitlines()
    assert [cell.strip() for cell in first.split("|")[1:-1]] == "original – 90.0 – 80.0 – 70.0 – 1".split()
    cells = [cell.strip() for cell in second.split("|")[1:-1]]
    assert cells[:4] == ["blur", "medium", "10.0", "80.0 [70.0, 90.0] costs"] and cells[7] == "60.0 [50.0, 70.0] costs"


def test_the_demos_figures_are_those_of_people(build: ModuleType) -> None:
    row = {
        "dataset": "d",
        "model": "m",
        "region": "none",
        "method": "original",
        "level": "none",
        "seed": 0,
        "drop": 0.0,
    }
    summary = pd.DataFrame(
        row | {"task": task, "scope": scope, "category": category, "metric": metric, "value": value}
        for task, scope, category, metric, value in (
            ("detection", "all", "all", "AP", 0.1),
            ("detection", "category", "person", "AP", 0.2),
            ("detection", "supercategory", "person", "AP", 0.3),
            ("pose", "all", "all", "PCK", 0.4),
            ("pose", "category", "person", "AP", 0.5),
            ("pose", "all", "all", "AP", 0.6),
        )
    )
    assert build.people(summary).value.tolist() == [0.2, 0.4, 0.6]


# Names


@each_document(DOCUMENTS)
def test_links_lead_somewhere(path: Path) -> None:
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", path.read_text())):
        name, _, anchor = link.partition("#")
        if "://" in name:
            continue
        target = (path.parent / name).resolve() if name else path
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert not broken


def anchors(path: Path) -> set[str]:
    """GitHub's anchors of a document's headings."""
    titles = re.findall(r"^#+ (.*)$", FENCE.sub("", path.read_text()), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    named = {
        (identity(path), target)
        for path in DOCUMENTS
        for line in re.findall(r"(?:`|^ {4})make ([a-z][a-z -]*)", path.read_text(), re.M)
        for target in line.split("#")[0].split()
    }
    assert {target for _, target in named} >= {"demo", "test", "docs"}
    assert {(path, target) for path, target in named if target not in targets} == set()


@each_document()
def test_rules_exist(path: Path) -> None:
    verbs = (
        r"(fetch|verify|convert|find|link|deal|anonymize|compose)_\w+|train_(model|generator)s?|predict|score|summarize"
    )
    named = {word for word in words(path) if re.fullmatch(verbs, word)}
    named |= set(re.findall(r"[Rr]ule\s`(\w+)`", path.read_text()))
    assert named <= RULES


@each_document()
def test_folders_of_results_are_those_of_the_workflow(path: Path) -> None:
    sources = [file for room in ("rules", "workflow_scripts", "anonbench") for file in (ROOT / room).rglob("*.[ps]*")]
    written = "".join(file.read_text() for file in sources if file.suffix in (".py", ".smk"))
    named = set(
        re.findall(r"\b((?:results|resources)/[a-z_]+(?:\.\w+)?)", re.sub(r"docs/results\S*", "", path.read_text()))
    )
    named = {name for name in named if not (path.parent / name).exists()}  # links to docs/results/
    assert {name for name in named if name not in written} == set()


@each_document()
def test_files_exist(path: Path) -> None:
    roots = "anonbench|benchmarks|config|docs|envs|rules|tests|workflow_scripts"
    named = {word for word in words(path) if re.fullmatch(rf"(?:{roots})/[\w./-]*", word)}
    named -= {"docs/en/model_zoo.md", "docs/en/notes/benchmark.md", "docs/notes/benchmarks.md"}  # the toolkits' own
    assert {word for word in named if not (ROOT / word).exists()} == set()


@each_document()
def test_modules_exist(path: Path) -> None:
    named = {word for word in words(path) if re.fullmatch(r"(?:anonbench|benchmarks)(?:\.\w+)+", word)}
    named |= set(re.findall(r"python -m ((?:anonbench|benchmarks)[\w.]*\w)", path.read_text()))

    def exists(name: str) -> bool:
        module, _, member = name.rpartition(".")
        file = ROOT / Path(*name.split(".")).with_suffix(".py")
        within = ROOT / Path(*module.split(".")).with_suffix(".py")
        return file.exists() or file.with_suffix("").is_dir() or (within.exists() and member in within.read_text())

    assert {name for name in named if not exists(name)} == set()


# Configurations


# tests/test_contributing.py loads the blocks that name these, with the plug-ins.
EXAMPLE_PLUGINS = ("checkerboard", "box_csv", "one_layer")


def named_in(text: str, names: Iterable[str]) -> bool:
    return any(name in text for name in names)


def blocks() -> Iterator[tuple[Path, str]]:
    for path in PRESENT:
        for language, text in FENCE.findall(path.read_text()):
            if language == "yaml" and not text.startswith("set-resources:") and not named_in(text, EXAMPLE_PLUGINS):
                yield path, text


BLOCKS = list(blocks())


@pytest.mark.parametrize("path, text", BLOCKS, ids=[f"{identity(path)}-{n}" for n, (path, _) in enumerate(BLOCKS)])
def test_configurations_are_valid(path: Path, text: str) -> None:
    block = yaml.safe_load(text)
    assert block.keys() <= Config.model_fields.keys()
    below = {"paper-study.md": "paper.yaml", "studies.md": "small.yaml"}.get(path.name, "photos.yaml")
    config = read_config(with_defaults(with_defaults(block, ROOT / "config" / below), ROOT / "config" / "config.yaml"))
    for method, levels in block.get("methods", {}).items():
        for level, parameters in levels.items():
            for region in set(parameters) & set(get_args(Region)) or get_args(Region):
                assert config.method_config(method, level, region)


def test_resources_are_set_for_rules_that_there_are() -> None:
    profiles = [
        yaml.safe_load(text)
        for path in PRESENT
        for language, text in FENCE.findall(path.read_text())
        if language == "yaml" and text.startswith("set-resources:")
    ]
    assert profiles and all(profile["set-resources"].keys() <= RULES for profile in profiles)


def sections() -> dict[str, str]:
    """The sections of config/README.md by key of the configuration."""
    parts = re.split(r"^## `(\w+)`.*$", (ROOT / "config" / "README.md").read_text(), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_section_is_explained() -> None:
    assert sections().keys() == Config.model_fields.keys()


def records(section: str) -> list[type[BaseModel]]:
    """The records whose keys a section explains."""
    plugins = {"datasets": FORMATS, "generators": KINDS, "methods": METHODS}.get(section)
    if plugins is not None:
        return [plugins[name].Config for name in plugins.names()] + [FileSource] * (section == "datasets")
    annotation = Config.model_fields[section].annotation
    found = [annotation, *get_args(annotation), *(inner for arg in get_args(annotation) for inner in get_args(arg))]
    return [record for record in found if isinstance(record, type) and issubclass(record, BaseModel)]


@pytest.mark.parametrize("section", sorted(set(Config.model_fields) - {"plugins", "archives", "shared", "costs"}))
def test_every_key_is_explained(section: str) -> None:
    found = records(section)
    assert found
    named = "".join(re.findall(r"`[^`\n]+`", sections()[section]))
    assert not [key for record in found for key in record.model_fields if not re.search(rf"[`.]{key}[`.:]", named)]


def test_the_terms_cover_the_matrix() -> None:
    terms = (ROOT / "docs" / "terms.md").read_text()
    defined = {name for line in re.findall(r"^\| ([^|]+) \|", terms, re.M) for name in line.split(", ")}
    columns = {"dataset", "task", "model", "region", "method", "level", "seed", "evaluated on", "scope", "metric"}
    assert columns | {"cell", "variant", "baseline", "drop", "prediction", "generator", "kind"} <= defined


def test_the_picture_is_recorded_with_its_methods() -> None:
    recorded = json.loads((ROOT / "docs" / "results" / "data" / "anonymizers.json").read_text())
    assert recorded["methods"]["blur"].keys() == {"low", "medium", "high"}
