# people of an attack dataset, clear and anonymized -> what an attacker learns of them.


include: "inputs/attacks.smk"


rule attack:
    input:
        annotations=expand("resources/datasets/{{dataset}}/annotations/{split}.json", split=ATTACKED_SPLITS),
        regions=attacked_regions,
        originals=expand("resources/variants/{{dataset}}/{split}/original/manifest.json", split=ATTACKED_SPLITS),
        variants=attacked_manifests,
        generators=attacked_generators,
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
        pins=pins("torch", "torchvision", "numpy", "scikit-learn"),
        code=attack_code,
    script:
        "../workflow_scripts/attack.py"
