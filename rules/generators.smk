# people of a split -> a trained generator, its sample sheet and its log.


include: "inputs/generators.smk"


rule train_generator:
    input:
        annotations=learned_from("resources/datasets/{dataset}/annotations/{split}.json"),
        regions=learned_from("resources/regions/{dataset}/{split}/{region}.json"),
    output:
        generator="resources/generators/{generator}/generator.safetensors",
        samples="resources/generators/{generator}/samples.png",
        log="resources/generators/{generator}/log.json",
    log:
        "logs/train_generator/{generator}.log",
    benchmark:
        "logs/train_generator/{generator}.tsv"
    priority: 75
    conda:
        "../envs/models.yaml"
    threads: cpus("train_generator")
    resources:
        **needs("train_generator"),
    params:
        # The script reads the whole record, with the paths of weight files: a moved file trains nothing again.
        learning=lambda w: CONFIG.generator(w.generator).learning(),
        precision=CONFIG.runtime.precision,
        pins=pins("torch", "torchvision", "numpy"),
        code=lambda w: code("train_generator", KINDS.module(CONFIG.generator(w.generator).kind)),
    script:
        "../workflow_scripts/train_generator.py"
