"""Generators of realistic people: crops, conditions, networks, training, quality."""
