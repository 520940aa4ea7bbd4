"""The attacks, one file each."""

from anonbench.common.plugins import search_path

__path__ = search_path(__name__, __path__)
