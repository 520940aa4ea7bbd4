# dataset x region x method x level -> a variant: images and their manifest.


rule link_original:
    input:
        annotations="resources/datasets/{dataset}/annotations/{split}.json",
        code=stage_code("write_variant"),
    output:
        images=directory("resources/anonymized/{dataset}/{split}/original/images"),
        manifest="resources/anonymized/{dataset}/{split}/original/manifest.json",
    log:
        "logs/link_original/{dataset}/{split}.log",
    priority: 70
    script:
        "../workflow_scripts/write_variant.py"


def generator_of(wildcards):
    """The trained generator that a learned method uses; nothing for the others."""
    if not is_learned(wildcards.method):
        return []
    network = network_of(CONFIG, wildcards.method, wildcards.level)
    name = CONFIG.generator_for(wildcards.dataset, wildcards.region, network)
    return f"resources/gan/{name}/generator.safetensors"


def method_modules(wildcards):
    """The modules that are found by the names of the method and of its kind of generator."""
    modules = [f"anonbench.anonymize.methods.{wildcards.method}"]
    if is_learned(wildcards.method):
        modules += gan_modules(network_of(CONFIG, wildcards.method, wildcards.level), "networks")
    return modules


rule anonymize:
    input:
        annotations="resources/datasets/{dataset}/annotations/{split}.json",
        regions="resources/regions/{dataset}/{split}/{region}.json",
        generator=generator_of,
        code=lambda w: stage_code("write_variant", *method_modules(w)),
    output:
        images=directory("resources/anonymized/{dataset}/{split}/{region}-{method}-{level}/images"),
        manifest="resources/anonymized/{dataset}/{split}/{region}-{method}-{level}/manifest.json",
    params:
        spec=lambda w: CONFIG.methods[w.method][w.level],
    log:
        "logs/anonymize/{dataset}/{split}/{region}-{method}-{level}.log",
    priority: 70
    threads: 8  # Snakemake lowers it to the cores there are
    script:
        "../workflow_scripts/write_variant.py"
