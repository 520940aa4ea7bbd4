"""One module a dataset format, each with ``load(spec, split, archive)``."""
