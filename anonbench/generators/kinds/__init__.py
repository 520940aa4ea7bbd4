"""The kinds of generator: one folder and one class each, found by the folder's name."""

from anonbench.common.plugins import search_path

__path__ = search_path(__name__, __path__)
