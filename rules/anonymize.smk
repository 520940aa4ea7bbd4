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


rule anonymize:
    input:
        annotations="resources/datasets/{dataset}/annotations/{split}.json",
        regions="resources/regions/{dataset}/{split}/{region}.json",
        code=lambda w: stage_code("write_variant", f"anonbench.anonymize.methods.{w.method}"),
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
