"""Datasets: fetched, verified, and converted into the common form."""
