"""The literature's simple generator, for comparison."""
