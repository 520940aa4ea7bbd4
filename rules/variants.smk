# dataset x region x method x level -> a variant: images and their manifest.

from anonbench.anonymize.outside.identity import file_digests
from anonbench.study.needs import generator_names, kind_of


rule link_originals:
    input:
        annotations="resources/datasets/{dataset}/annotations/{split}.json",
    output:
        images=directory("resources/variants/{dataset}/{split}/original/images"),
        manifest="resources/variants/{dataset}/{split}/original/manifest.json",
    params:
        code=code("link_originals"),
    log:
        "logs/link_originals/{dataset}/{split}.log",
    priority: 70
    script:
        "../workflow_scripts/link_originals.py"


rule deal_regions:
    input:
        originals="resources/variants/{dataset}/{split}/original/manifest.json",
        regions="resources/regions/{dataset}/{split}/{region}.json",
    output:
        lists=directory("resources/regions/{dataset}/{split}/{region}.shards/{shards}/lists"),
        manifest="resources/regions/{dataset}/{split}/{region}.shards/{shards}/manifest.json",
    params:
        code=code("deal_regions"),
    log:
        "logs/deal_regions/{dataset}/{split}/{region}-{shards}.log",
    priority: 75
    script:
        "../workflow_scripts/deal_regions.py"


def recipe_of(wildcards):
    """How a variant's images are made; of a user's own command also what its files hold, so that a change runs again."""
    parts = wildcards.method, wildcards.level, wildcards.region
    record = CONFIG.method_config(*parts)
    return {
        "method": wildcards.method,
        "plugin": CONFIG.method_plugin(*parts),
        "config": record.model_dump(mode="json"),
        "files": file_digests(getattr(record, "command", [])),
        "seed": CONFIG.variants.seed,
    }


def generators_of(wildcards):
    """The trained generators that a learned method uses; none for the others."""
    names = generator_names(CONFIG, wildcards.dataset, wildcards.method, wildcards.level, wildcards.region)
    return [generator_file(name) for name in names]


def shard_code(wildcards):
    """The code of a method, and of its kind of generator."""
    parts = wildcards.method, wildcards.level, wildcards.region
    kind = kind_of(CONFIG, *parts)
    modules = [METHODS.module(CONFIG.method_plugin(*parts)), *([KINDS.module(kind)] if kind else [])]
    return code("anonymize_shard", *modules)


rule anonymize_shard:
    input:
        originals="resources/variants/{dataset}/{split}/original/manifest.json",
        lists="resources/regions/{dataset}/{split}/{region}.shards/{shards}/manifest.json",
        generators=generators_of,
    output:
        images=temp(
            directory(
                "resources/variants/{dataset}/{split}/{region}-{method}-{level}/shards/{shard}-of-{shards}/images"
            )
        ),
        manifest="resources/variants/{dataset}/{split}/{region}-{method}-{level}/shards/{shard}-of-{shards}/manifest.json",
    params:
        recipe=recipe_of,
        code=shard_code,
    log:
        "logs/anonymize_shard/{dataset}/{split}/{region}-{method}-{level}/{shard}-of-{shards}.log",
    priority: 70
    threads: 8  # Snakemake lowers it to the cores there are
    script:
        "../workflow_scripts/anonymize_shard.py"


def of_shards(pattern):
    """That file or folder of each of a variant's shards."""

    def paths(wildcards):
        variant = Variant(wildcards.region, wildcards.method, wildcards.level)
        folder = f"resources/variants/{wildcards.dataset}/{wildcards.split}/{variant}/shards"
        shards = CONFIG.datasets[wildcards.dataset].shards
        return [f"{folder}/{shard}-of-{shards}/{pattern}" for shard in range(1, shards + 1)]

    return paths


def deal_of(wildcards):
    """The manifest of the lists that a variant's shards work on."""
    shards = CONFIG.datasets[wildcards.dataset].shards
    return f"resources/regions/{wildcards.dataset}/{wildcards.split}/{wildcards.region}.shards/{shards}/manifest.json"


rule compose_variant:
    input:
        originals="resources/variants/{dataset}/{split}/original/manifest.json",
        deal=deal_of,
        shards=of_shards("manifest.json"),
        shard_images=of_shards("images"),
    output:
        images=directory("resources/variants/{dataset}/{split}/{region}-{method}-{level}/images"),
        manifest="resources/variants/{dataset}/{split}/{region}-{method}-{level}/manifest.json",
    params:
        recipe=recipe_of,
        code=code("compose_variant"),
    log:
        "logs/compose_variant/{dataset}/{split}/{region}-{method}-{level}.log",
    priority: 70
    script:
        "../workflow_scripts/compose_variant.py"
