# dataset x region x method x level -> a variant: images and their manifest.


rule link_original:
    input:
        annotations="resources/datasets/{dataset}/annotations/{split}.json",
        code=stage_code("link_original"),
    output:
        images=directory("resources/anonymized/{dataset}/{split}/original/images"),
        manifest="resources/anonymized/{dataset}/{split}/original/manifest.json",
    log:
        "logs/link_original/{dataset}/{split}.log",
    priority: 70
    script:
        "../workflow_scripts/link_original.py"


def generators_of(wildcards):
    """The trained generators that a learned method uses; none for the others."""
    if not is_learned(wildcards.method):
        return []
    network = network_of(CONFIG, wildcards.method, wildcards.level, wildcards.region)
    names = CONFIG.generators_for(wildcards.dataset, wildcards.region, network)
    return [f"resources/gan/{name}/generator.safetensors" for name in names]


def method_modules(wildcards):
    """The modules that are found by the names of the method and of its kind of generator."""
    params = CONFIG.params_of(wildcards.method, wildcards.level, wildcards.region)
    modules = [f"anonbench.anonymize.methods.{module_of(wildcards.method, params)}"]
    if is_learned(wildcards.method):
        network = network_of(CONFIG, wildcards.method, wildcards.level, wildcards.region)
        modules += gan_modules(network, "network")
    return modules


def method_spec(wildcards):
    """A method's parameters; of a user's own command also what its files hold, so that a changed script runs again."""
    params = CONFIG.params_of(wildcards.method, wildcards.level, wildcards.region)
    return params | {"files": file_digests(params["command"])} if "command" in params else params


def shards_of(dataset, split, variant):
    """In how many shards a variant is made: as configured, or as it was, so that a changed number re-runs nothing."""
    folder = Path(f"resources/anonymized/{dataset}/{split}/{variant}")
    if (folder / "manifest.json").exists():
        return len(list(folder.glob("shards/*/manifest.json"))) or 1
    return CONFIG.datasets[dataset].shards


def shards_of_variant(pattern):
    """That file or folder of each of a variant's shards; none where one job anonymizes the whole split."""

    def paths(wildcards):
        variant = Variant(wildcards.region, wildcards.method, wildcards.level)
        shards = shards_of(wildcards.dataset, wildcards.split, variant)
        folder = f"resources/anonymized/{wildcards.dataset}/{wildcards.split}/{variant}/shards"
        return [f"{folder}/{n}-of-{shards}/{pattern}" for n in range(1, shards + 1)] if shards > 1 else []

    return paths


rule deal_regions:
    input:
        originals="resources/anonymized/{dataset}/{split}/original/manifest.json",
        regions="resources/regions/{dataset}/{split}/{region}.json",
        code=stage_code("deal_regions"),
    output:
        lists=directory("resources/regions/{dataset}/{split}/{region}.shards/{shards}/lists"),
        manifest="resources/regions/{dataset}/{split}/{region}.shards/{shards}/manifest.json",
    log:
        "logs/deal_regions/{dataset}/{split}/{region}-{shards}.log",
    priority: 75
    script:
        "../workflow_scripts/deal_regions.py"


rule anonymize_shard:
    input:
        originals="resources/anonymized/{dataset}/{split}/original/manifest.json",
        lists="resources/regions/{dataset}/{split}/{region}.shards/{shards}/manifest.json",
        generators=generators_of,
        code=lambda w: stage_code("write_shard", *method_modules(w)),
    output:
        images=temp(
            directory(
                "resources/anonymized/{dataset}/{split}/{region}-{method}-{level}/shards/{shard}-of-{shards}/images"
            )
        ),
        manifest="resources/anonymized/{dataset}/{split}/{region}-{method}-{level}/shards/{shard}-of-{shards}/manifest.json",
    params:
        spec=method_spec,
    log:
        "logs/anonymize_shard/{dataset}/{split}/{region}-{method}-{level}/{shard}-of-{shards}.log",
    priority: 70
    threads: 8  # Snakemake lowers it to the cores there are
    script:
        "../workflow_scripts/write_shard.py"


rule anonymize:
    input:
        originals="resources/anonymized/{dataset}/{split}/original/manifest.json",
        regions="resources/regions/{dataset}/{split}/{region}.json",
        generators=generators_of,
        shards=shards_of_variant("manifest.json"),
        shard_images=shards_of_variant("images"),
        code=lambda w: stage_code("write_variant", *method_modules(w)),
    output:
        images=directory("resources/anonymized/{dataset}/{split}/{region}-{method}-{level}/images"),
        manifest="resources/anonymized/{dataset}/{split}/{region}-{method}-{level}/manifest.json",
    params:
        spec=method_spec,
    log:
        "logs/anonymize/{dataset}/{split}/{region}-{method}-{level}.log",
    priority: 70
    threads: lambda w, input: 1 if input.get("shards") else 8  # Snakemake lowers it to the cores there are
    script:
        "../workflow_scripts/write_variant.py"
