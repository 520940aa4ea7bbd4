# Inputs and parameters of the rules of variants.smk.

from anonbench.anonymize.outside.identity import file_digests
from anonbench.study.checks import check_dropped
from anonbench.study.needs import generator_names, kind_of

STUDIED = {one.dataset for one in (*CELLS, *ATTACKED)}


def other_split(wildcards):
    """The split that a model, or an attacker, of this one learns from or meets; none where there is no such model."""
    other = {"train": "val", "val": "train"}.get(wildcards.split)
    if other is None or wildcards.dataset not in STUDIED:
        return []
    return f"resources/datasets/{wildcards.dataset}/annotations/{other}.json"


def variant_of(wildcards):
    """The variant that a rule's wildcards spell."""
    return Variant.parse(f"{wildcards.region}-{wildcards.method}-{wildcards.level}{wildcards.draw}")


def recipe_of(wildcards):
    """How a variant's images are made; of a user's own command also what its files hold, so that a change runs again."""
    variant = variant_of(wildcards)
    try:
        check_dropped(CONFIG, wildcards.dataset, wildcards.split, variant, "The target")
    except UserError as error:
        stop(error)
    return recipe_for(variant)


def recipe_for(variant):
    """The same of a variant."""
    parts = variant.method, variant.level, variant.region
    record = CONFIG.method_config(*parts)
    return {
        "method": variant.method,
        "plugin": CONFIG.method_plugin(*parts),
        "config": record.model_dump(mode="json"),
        "files": file_digests(getattr(record, "command", [])),
        "seed": CONFIG.variants.seed + variant.draw,
        "share": CONFIG.method_share(*parts),
    }


def generators_of(wildcards):
    """The trained generators that a learned method uses; none for the others."""
    parts = wildcards.method, wildcards.level, wildcards.region, variant_of(wildcards).draw
    names = generator_names(CONFIG, wildcards.dataset, *parts)
    return [generator_file(name) for name in names]


def shard_code(wildcards):
    """The code of a method, and of its kind of generator."""
    parts = wildcards.method, wildcards.level, wildcards.region
    kind = kind_of(CONFIG, *parts)
    modules = [METHODS.module(CONFIG.method_plugin(*parts)), *([KINDS.module(kind)] if kind else [])]
    return code("anonymize_shard", *modules)


def manifests_of_shards(wildcards):
    """The manifests of a variant's shards. Their edits lie beside them and are no inputs: a manifest has their content."""
    folder = f"resources/variants/{wildcards.dataset}/{wildcards.split}/{variant_of(wildcards)}/shards"
    shards = CONFIG.datasets[wildcards.dataset].shards
    return [f"{folder}/{shard}-of-{shards}/manifest.json" for shard in range(1, shards + 1)]


def deal_of(wildcards):
    """The manifest of the lists that a variant's shards work on."""
    shards = CONFIG.datasets[wildcards.dataset].shards
    return f"resources/regions/{wildcards.dataset}/{wildcards.split}/{wildcards.region}.shards/{shards}/manifest.json"
