"""The anonymization methods: one file and one class each, found by file name."""
