# people of an attack dataset, clear and anonymized -> what an attacker learns of them.


include: "inputs/attacks.smk"


rule attack:
    input:
        annotations=expand("resources/datasets/{{dataset}}/annotations/{split}.json", split=ATTACKED_SPLITS),
        regions=attacked_regions,
        originals=expand("resources/variants/{{dataset}}/{split}/original/manifest.json", split=ATTACKED_SPLITS),
        variants=attacked_manifests,
        generators=attacked_generators,
        learned=learned_by_attacked("resources/datasets/{dataset}/annotations/{split}.json"),
        learned_regions=learned_by_attacked("resources/regions/{dataset}/{split}/{region}.json"),
    output:
        "results/attacks/{dataset}/{attacked}/{attack}.json",
    log:
        "logs/attack/{dataset}/{attacked}/{attack}.log",
    benchmark:
        "logs/attack/{dataset}/{attacked}/{attack}.tsv"
    priority: 10
    conda:
        "../envs/models.yaml"
    threads: cpus("attack")
    resources:
        **needs("attack"),
    params:
        attack=lambda w: CONFIG.attacks[w.attack].model_dump(mode="json"),
        recipe=attacked_recipe,
        datasets=lambda w: [len(generator.learns) for generator in inspected_generators(w)],
        most=lambda w: [generator.max_people for generator in inspected_generators(w)],
        pins=pins("torch", "torchvision", "numpy", "scikit-learn", "scikit-image"),
        code=attack_code,
    script:
        "../workflow_scripts/attack.py"
