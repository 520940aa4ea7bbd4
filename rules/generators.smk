# people of a split -> a trained generator, its sample sheet and its log.


def generator_file(name):
    """The file of a generator: the one that the configuration names, else the one that is trained here."""
    return CONFIG.generators[name].trained or f"resources/generators/{name}/generator.safetensors"


def learned_from(pattern):
    """The files of the split that a generator learns from."""

    def path(wildcards):
        generator = CONFIG.generators[wildcards.generator]
        return pattern.format(dataset=generator.learns.dataset, split=generator.learns.split, region=generator.region)

    return path


rule train_generator:
    input:
        annotations=learned_from("resources/datasets/{dataset}/annotations/{split}.json"),
        regions=learned_from("resources/regions/{dataset}/{split}/{region}.json"),
    output:
        generator="resources/generators/{generator}/generator.safetensors",
        samples="resources/generators/{generator}/samples.png",
        log="resources/generators/{generator}/log.json",
    params:
        # The script reads the whole record, with the paths of weight files: a moved file trains nothing again.
        learning=lambda w: CONFIG.generators[w.generator].learning(),
        precision=CONFIG.runtime.precision,
        pins=pins("torch", "torchvision", "numpy"),
        code=lambda w: code("train_generator", KINDS.module(CONFIG.generators[w.generator].kind)),
    log:
        "logs/train_generator/{generator}.log",
    priority: 75
    threads: CONFIG.runtime.threads
    script:
        "../workflow_scripts/train_generator.py"
