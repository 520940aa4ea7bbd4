"""The command ``anonbench``."""
