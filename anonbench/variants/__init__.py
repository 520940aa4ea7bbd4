"""What a variant holds: the pixels that it changes, and a manifest of all its images; how it is read."""
