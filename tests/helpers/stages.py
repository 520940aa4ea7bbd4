"""Which rules belong to which stage of the workflow."""

STAGES = {
    "datasets": ("fetch_file", "verify_file", "convert_split", "check_originals"),
    "regions": ("find_regions",),
    "generators": ("train_generator",),
    "variants": ("deal_regions", "anonymize_shard", "compose_variant"),
    "labels": ("relabel",),
    "models": ("fetch_weights", "train_model"),
    "predictions": ("predict",),
    "cells": ("score",),
    "resamples": ("resample",),
    "errors": ("diagnose",),
    "attacks": ("attack",),
    "contrasts": ("contrast",),
    "report": ("summarize",),
}
STAGE_OF = {rule: stage for stage, rules in STAGES.items() for rule in rules}
