"""The metrics: one file each, found by name."""
