# The two commands of the README. Both set up .venv by themselves, in either order.
PYTHON ?=
CORES ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu)

.PHONY: help demo test quick-test check schema envs docs site pictures check-models check-study setup setup-slurm clean

help:  ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST)

demo: setup  ## set up, then run the whole study on the embedded default
	.venv/bin/snakemake --cores $(CORES) results/summary.csv

test: setup check  ## set up, then pass the checks and the tests
	.venv/bin/pytest --numprocesses $(CORES)

quick-test: setup check  ## set up, then pass the checks and the tests that take seconds
	.venv/bin/pytest --numprocesses $(CORES) -m "not slow"

check: setup  ## lint, format, who may import whom, and what Snakemake says of the rules
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/snakefmt --check Snakefile rules workflow
	.venv/bin/lint-imports
	.venv/bin/snakemake --lint

schema: setup  ## write config/schema.json, by which editors complete a configuration
	.venv/bin/python -m anonbench.config.schema

envs: setup  ## write the conda environments from the pinned files
	.venv/bin/python envs/conda.py

docs: setup  ## render the documents' tables from docs/results/data/
	.venv/bin/python docs/build.py

site: setup  ## write the documents as a site to site/
	.venv/bin/mkdocs build

pictures: setup  ## the same, and draw docs/anonymizers.jpg with the demo's generators
	.venv/bin/python docs/build.py --pictures

check-models: setup  ## one full-size training step of every GPU-sized model, on the CPU: many minutes
	.venv/bin/python benchmarks/models.py

check-study: setup  ## the whole study of config/paper.yaml on miniature archives, kept in miniature/; a second call goes on
	.venv/bin/python -m benchmarks.miniature --folder miniature --cores $(CORES)

setup:  ## make .venv with the pinned packages (PYTHON=/path/to/python3.11 to choose)
	@envs/install.sh $(PYTHON)

setup-slurm: setup  ## make .venv-slurm: what .venv has, and Snakemake's SLURM plugin
	@envs/install-slurm.sh

clean:  ## forget every result of the workflow, but keep .venv and .venv-slurm
	rm -rf results resources logs .snakemake
