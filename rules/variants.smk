# dataset x region x method x level -> a variant: what it changes in each image, and a manifest of all images.


include: "inputs/variants.smk"


localrules:
    check_originals,
    deal_regions,
    compose_variant,


# The other split is compared, and its change is no reason to make variants of this one again.
rule check_originals:
    input:
        annotations="resources/datasets/{dataset}/annotations/{split}.json",
        other=ancient(other_split),
    output:
        "resources/variants/{dataset}/{split}/original/manifest.json",
    log:
        "logs/check_originals/{dataset}/{split}.log",
    benchmark:
        "logs/check_originals/{dataset}/{split}.tsv"
    priority: 70
    conda:
        "../envs/data.yaml"
    resources:
        **needs("check_originals"),
    params:
        code=code("check_originals"),
    script:
        "../workflow_scripts/check_originals.py"


rule deal_regions:
    input:
        originals="resources/variants/{dataset}/{split}/original/manifest.json",
        regions="resources/regions/{dataset}/{split}/{region}.json",
    output:
        lists=directory("resources/regions/{dataset}/{split}/{region}.shards/{shards}/lists"),
        manifest="resources/regions/{dataset}/{split}/{region}.shards/{shards}/manifest.json",
    log:
        "logs/deal_regions/{dataset}/{split}/{region}-{shards}.log",
    benchmark:
        "logs/deal_regions/{dataset}/{split}/{region}-{shards}.tsv"
    priority: 75
    conda:
        "../envs/data.yaml"
    resources:
        **needs("deal_regions"),
    params:
        code=code("deal_regions"),
    script:
        "../workflow_scripts/deal_regions.py"


rule anonymize_shard:
    input:
        lists="resources/regions/{dataset}/{split}/{region}.shards/{shards}/manifest.json",
        generators=generators_of,
    output:
        edits="resources/variants/{dataset}/{split}/{region}-{method}-{level}{draw}/shards/{shard}-of-{shards}/edits.zip",
        manifest="resources/variants/{dataset}/{split}/{region}-{method}-{level}{draw}/shards/{shard}-of-{shards}/manifest.json",
    log:
        "logs/anonymize_shard/{dataset}/{split}/{region}-{method}-{level}{draw}/{shard}-of-{shards}.log",
    benchmark:
        "logs/anonymize_shard/{dataset}/{split}/{region}-{method}-{level}{draw}/{shard}-of-{shards}.tsv"
    priority: 70
    conda:
        "../envs/models.yaml"
    threads: cpus("anonymize_shard")
    resources:
        **needs("anonymize_shard"),
    params:
        originals="resources/datasets/{dataset}/images/{split}",
        recipe=recipe_of,
        code=shard_code,
    script:
        "../workflow_scripts/anonymize_shard.py"


rule compose_variant:
    input:
        originals="resources/variants/{dataset}/{split}/original/manifest.json",
        deal=deal_of,
        shards=manifests_of_shards,
    output:
        edits="resources/variants/{dataset}/{split}/{region}-{method}-{level}{draw}/edits.json",
        audit="resources/variants/{dataset}/{split}/{region}-{method}-{level}{draw}/audit.json",
        manifest="resources/variants/{dataset}/{split}/{region}-{method}-{level}{draw}/manifest.json",
    log:
        "logs/compose_variant/{dataset}/{split}/{region}-{method}-{level}{draw}.log",
    benchmark:
        "logs/compose_variant/{dataset}/{split}/{region}-{method}-{level}{draw}.tsv"
    priority: 70
    conda:
        "../envs/data.yaml"
    resources:
        **needs("compose_variant"),
    params:
        recipe=recipe_of,
        most_left=CONFIG.variants.most_left,
        code=code("compose_variant"),
    script:
        "../workflow_scripts/compose_variant.py"


# For eyes and other tools: nothing in the workflow needs it.
rule export_variant:
    input:
        manifest="resources/variants/{dataset}/{split}/{variant}/manifest.json",
    output:
        directory("resources/variants/{dataset}/{split}/{variant}/images"),
    log:
        "logs/export_variant/{dataset}/{split}/{variant}.log",
    benchmark:
        "logs/export_variant/{dataset}/{split}/{variant}.tsv"
    conda:
        "../envs/data.yaml"
    resources:
        **needs("export_variant"),
    params:
        originals="resources/datasets/{dataset}/images/{split}",
        code=code("export_variant"),
    script:
        "../workflow_scripts/export_variant.py"
