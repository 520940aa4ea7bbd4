"""Whether a drop is real: its variance over images and seeds, its interval, and a verdict."""
