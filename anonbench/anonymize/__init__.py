"""Anonymized variants of a dataset: the methods, the fail-closed frame around them, and the writer."""
