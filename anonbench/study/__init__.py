"""The study as a whole: what its cells need and cost."""
