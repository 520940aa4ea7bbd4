"""The sections of the report: one file and one class each, found by the file's name."""

from anonbench.common.plugins import search_path

__path__ = search_path(__name__, __path__)
