# people of a split -> a trained generator, its sample sheet and its log.


def learned_from(pattern):
    """The files of the split that a generator learns from."""

    def path(wildcards):
        generator = CONFIG.generators[wildcards.gan]
        return pattern.format(
            dataset=generator.learns.dataset, split=generator.learns.split, region=generator.region
        )

    return path


def gan_modules(network, *rooms):
    """The modules of one kind of generator, which are found by its name."""
    return [f"anonbench.generators.kinds.{network}.{room}" for room in rooms]


rule train_generator:
    input:
        annotations=learned_from("resources/datasets/{dataset}/annotations/{split}.json"),
        regions=learned_from("resources/regions/{dataset}/{split}/{region}.json"),
        code=lambda w: stage_code("train_generator", *gan_modules(CONFIG.generators[w.gan].network, "network", "training")),
    output:
        generator="resources/gan/{gan}/generator.safetensors",
        samples="resources/gan/{gan}/samples.png",
        log="resources/gan/{gan}/log.json",
    params:
        spec=lambda w: {
            "generator": CONFIG.generators[w.gan].model_dump(mode="json", exclude={"serves", "learns"}),
            "precision": CONFIG.runtime.precision,
            "pins": pins("torch", "torchvision", "numpy"),
        },
    log:
        "logs/train_generator/{gan}.log",
    priority: 75
    threads: CONFIG.runtime.threads
    script:
        "../workflow_scripts/train_generator.py"
