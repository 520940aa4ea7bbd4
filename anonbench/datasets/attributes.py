"""What is said of a person in words, such as ``{"glasses": "round"}``: what an attacker may try to infer."""

from __future__ import annotations

from typing import Any

# What is longer is a remark, not the name of a class.
MAX_LENGTH = 100
# More than any labelling tool's form has; what else a file brings is not read.
MAX_ATTRIBUTES = 50


def attributes_of(annotation: dict[str, Any]) -> dict[str, str]:
    """The attributes of a record of the common form that name a class: short texts, and true or false as texts.

    Numbers, lists and remarks, which formats and labelling tools keep under ``attributes`` as well, are none.
    """
    given = annotation.get("attributes")
    if not isinstance(given, dict):
        return {}
    texts = {name: str(value).lower() if isinstance(value, bool) else value for name, value in given.items()}
    named = [
        (name, text) for name, text in texts.items()
        if isinstance(text, str) and 0 < len(text) <= MAX_LENGTH and len(name) <= MAX_LENGTH
    ]  # fmt: skip
    return dict(named[:MAX_ATTRIBUTES])
