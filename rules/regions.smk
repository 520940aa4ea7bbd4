# Which pixels belong to a face or a body, for every image.


rule find_regions:
    input:
        annotations="resources/datasets/{dataset}/annotations/{split}.json",
    output:
        "resources/regions/{dataset}/{split}/{region}.json",
    log:
        "logs/find_regions/{dataset}/{split}/{region}.log",
    benchmark:
        "logs/find_regions/{dataset}/{split}/{region}.tsv"
    priority: 80
    conda:
        "../envs/models.yaml"
    resources:
        **needs("find_regions"),
    params:
        regions=lambda w: CONFIG.regions.model_dump(mode="json", include={"unlocated", w.region}),
        code=code("find_regions"),
    script:
        "../workflow_scripts/find_regions.py"
