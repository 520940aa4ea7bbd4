"""The schema for editors: up to date, and right about the configurations that come with the project."""

from __future__ import annotations

import jsonschema
import pytest
import yaml

from anonbench.common.root import ROOT
from anonbench.config.schema import SCHEMA, as_text, schema

CONFIGS = sorted(path for path in (ROOT / "config").glob("*.yaml"))


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(yaml.safe_load(SCHEMA.read_text()))


def test_the_file_is_the_models_schema() -> None:
    assert SCHEMA.read_text() == as_text(schema()), "run `make schema`"


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_the_projects_configurations_are_valid(validator, path) -> None:
    assert [error.message for error in validator.iter_errors(yaml.safe_load(path.read_text()))] == []


@pytest.mark.parametrize(
    ("section", "value"),
    [
        ("datasets", {"shop": {"format": "coco", "splits": {"train": {"images": "a", "annotation": "b"}}}}),
        ("datasets", {"shop": {"format": "cocoa"}}),
        ("methods", {"blur": {"low": {"sigm": 0.1}}}),
        ("methods", {"blur": {"low": {"face": {"sigma": 2}}}}),
        ("methods", {"mine": {"low": {"comand": ["x"]}}}),
        ("generators", {"g": {"kind": "style_unett"}}),
        ("models", {"m": {"config": "x.py", "tasks": ["detecting"]}}),
        ("study", [{"datasets": ["a"], "seed": [1]}]),
        ("statistics", {"confidence": 95}),
        ("runtime", {"device": 3}),
        ("studdy", []),
    ],
)
def test_a_mistake_is_shown(validator, section, value) -> None:
    assert list(validator.iter_errors({section: value}))
