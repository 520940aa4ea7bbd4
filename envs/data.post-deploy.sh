#!/usr/bin/env bash
# Written by envs/conda.py from data.no-deps.txt and constraints.txt: do not edit, run `make envs`.
set -euo pipefail
python -m pip install --no-deps \
    cityscapesscripts==2.3.0 \
    onedl-mmengine==0.10.12
