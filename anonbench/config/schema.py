"""The configuration's JSON schema, by which editors complete and check a YAML file.

``python -m anonbench.config.schema`` writes ``config/schema.json``.
"""

from __future__ import annotations

import json
from typing import Any, get_args

from anonbench.common.files import write_text
from anonbench.common.root import ROOT
from anonbench.config.config import Config
from anonbench.config.methods import EXTERNAL, Dose
from anonbench.config.plugins import METHODS, TASKS
from anonbench.config.types import Region

SCHEMA = ROOT / "config" / "schema.json"


def schema() -> dict[str, Any]:
    """The schema of a file that is read on top of the default configuration: no section is required."""
    found = Config.model_json_schema()
    found["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    found["$defs"]["ModelConfig"]["properties"]["tasks"]["items"]["enum"] = TASKS.names()
    found["properties"]["methods"] = _methods(found["$defs"])
    complete = found["$defs"].pop("Block")  # of a list, which replaces another one as a whole
    partial = _without_required(found)
    partial["$defs"]["Block"] = complete
    return partial


def as_text(found: dict[str, Any]) -> str:
    """The schema as the file holds it."""
    return json.dumps(found, indent=1, sort_keys=True) + "\n"


def _without_required(value: Any) -> Any:
    """The same for entries that are completed by another file, or by parameters beside a region's."""
    if isinstance(value, dict):
        return {key: _without_required(item) for key, item in value.items() if key != "required"}
    return [_without_required(item) for item in value] if isinstance(value, list) else value


def _methods(definitions: dict[str, Any]) -> dict[str, Any]:
    """The section ``methods``: a built-in method's levels by its own parameters, any other name by ``external``'s."""
    levels = {}
    for name in METHODS.names():
        own = METHODS[name].Config.model_json_schema(ref_template="#/$defs/{model}")
        definitions |= own.pop("$defs", {})
        own["properties"] |= Dose.model_json_schema()["properties"]
        regions = {region: {**own, "title": f"{name} of {region} regions"} for region in get_args(Region)}
        levels[name] = {"type": "object", "additionalProperties": {**own, "properties": own["properties"] | regions}}
    return {
        "type": "object",
        "title": "Methods",
        "properties": {name: level for name, level in levels.items() if name != EXTERNAL},
        "additionalProperties": levels[EXTERNAL],
    }


if __name__ == "__main__":
    write_text(SCHEMA, as_text(schema()))
