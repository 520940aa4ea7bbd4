"""Datasets on their way into the common form."""
