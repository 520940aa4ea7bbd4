"""What a model config is made of: its bases, and the weights that it starts from, read without running it."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

from anonbench.common.files import sha256_file, sha256_of
from anonbench.common.root import ROOT

WEIGHTS = re.compile(r"resources/weights/([A-Za-z0-9_.-]+)\.safetensors")


def find_model_config(path: Path | str) -> Path:
    """Where a model config is: in the study's folder, which is the working directory, or else in the workflow's.

    Parameters
    ----------
    path
        As the configuration gives it.

    Returns
    -------
    Path
        ``path`` itself where it exists or neither place has it.
    """
    places = Path(path), ROOT / path
    return next((place for place in places if place.is_file()), places[0])


def model_config_files(config: Path | str) -> list[str]:
    """An MM config and every base that it inherits from, each behind the files that name it.

    ``_base_`` is read as a literal and relative to its file, as by MMEngine's own reader.

    Parameters
    ----------
    config
        As :func:`find_model_config` takes it.

    Raises
    ------
    OSError, SyntaxError, ValueError
        If a file is missing or is not Python, or a ``_base_`` is not a literal.
    """
    return list(_with_bases(str(find_model_config(config))))


def model_config_digest(config: Path | str) -> str:
    """The SHA-256 of the contents of :func:`model_config_files`, wherever they are; errors are the same."""
    return sha256_of("".join(sha256_file(file) for file in model_config_files(config)).encode())


def model_config_weights(config: Path | str) -> list[str]:
    """The names, sorted, of all weights that a config and its bases load as ``resources/weights/<name>.safetensors``.

    Errors are those of :func:`model_config_files`.
    """
    found: set[str] = set()
    for path in model_config_files(config):
        for node in ast.walk(ast.parse(Path(path).read_text(encoding="utf-8"), path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.update(WEIGHTS.findall(node.value))
    return sorted(found)


def model_config_epochs(config: Path | str) -> int | None:
    """``train_cfg.max_epochs`` of a config, or of the nearest base that sets it; None where none does as a literal.

    Errors are those of :func:`model_config_files`.
    """
    for path in model_config_files(config):
        for node in ast.parse(Path(path).read_text(encoding="utf-8"), path).body:
            if isinstance(node, ast.Assign) and any(getattr(t, "id", "") == "train_cfg" for t in node.targets):
                values = _literals(node.value)
                if isinstance(epochs := values.get("max_epochs"), int):
                    return epochs
    return None


def _literals(node: ast.expr) -> dict[str, object]:
    """The constants among the entries of ``dict(…)`` or ``{…}``."""
    if isinstance(node, ast.Call):
        entries = [(keyword.arg, keyword.value) for keyword in node.keywords]
    elif isinstance(node, ast.Dict):
        entries = [(getattr(key, "value", None), value) for key, value in zip(node.keys, node.values, strict=True)]
    else:
        entries = []
    return {key: value.value for key, value in entries if isinstance(value, ast.Constant)}


@cache
def _with_bases(config: str) -> tuple[str, ...]:
    """The files' paths: thousands of jobs ask for the same few."""
    seen: list[str] = []
    queue = [Path(config)]
    while queue:
        path = queue.pop(0)
        if str(path) in seen:
            continue
        seen.append(str(path))
        for node in ast.parse(path.read_text(encoding="utf-8"), str(path)).body:
            if isinstance(node, ast.Assign) and any(getattr(t, "id", "") == "_base_" for t in node.targets):
                bases = ast.literal_eval(node.value)
                queue += [_lexical(path.parent / base) for base in ([bases] if isinstance(bases, str) else bases)]
    return tuple(seen)


def _lexical(path: Path) -> Path:
    parts: list[str] = []
    for part in path.parts:
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        else:
            parts.append(part)
    return Path(*parts)
