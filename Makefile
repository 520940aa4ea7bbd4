# The two commands of the README. Both set up .venv by themselves, in either order.
PYTHON ?=
CORES ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu)

.PHONY: demo test setup clean

demo: setup  ## set up, then run the main job on the embedded default
	.venv/bin/snakemake --cores $(CORES) results/summary.csv

test: setup  ## set up, then pass the tests
	.venv/bin/ruff check .
	.venv/bin/pytest

setup:
	@envs/install.sh $(PYTHON)

clean:  ## forget every result of the workflow (not .venv)
	rm -rf results resources logs .snakemake
