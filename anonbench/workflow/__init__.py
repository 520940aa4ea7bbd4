"""What the joints between Snakemake and the library need: source files, pins, a job's log."""
