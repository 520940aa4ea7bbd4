"""What a model config is made of: its bases, and the weights that it starts from, read without running it."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

WEIGHTS = re.compile(r"resources/weights/([A-Za-z0-9_.-]+)\.safetensors")


def model_config_files(config: str) -> list[str]:
    """An MM config and every base it inherits from, relative to the working directory and sorted.

    ``_base_`` is read as a literal, as MMEngine's own reader does.
    """
    return list(_with_bases(config))


@cache
def _with_bases(config: str) -> tuple[str, ...]:
    seen: set[str] = set()
    queue = [Path(config)]
    while queue:
        path = queue.pop()
        if str(path) in seen:
            continue
        seen.add(str(path))
        for node in ast.parse(path.read_text(encoding="utf-8"), str(path)).body:
            if isinstance(node, ast.Assign) and any(getattr(t, "id", "") == "_base_" for t in node.targets):
                bases = ast.literal_eval(node.value)
                queue += [_lexical(path.parent / base) for base in ([bases] if isinstance(bases, str) else bases)]
    return tuple(sorted(seen))


def model_config_weights(config: str) -> list[str]:
    """Names of the fetched weights that an MM config and its bases name as ``resources/weights/<name>.safetensors``."""
    found: set[str] = set()
    for path in model_config_files(config):
        for node in ast.walk(ast.parse(Path(path).read_text(encoding="utf-8"), path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.update(WEIGHTS.findall(node.value))
    return sorted(found)


def _lexical(path: Path) -> Path:
    parts: list[str] = []
    for part in path.parts:
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        else:
            parts.append(part)
    return Path(*parts)
