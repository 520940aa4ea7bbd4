# Which pixels belong to a face or a body, for every image.


rule find_regions:
    input:
        annotations="resources/datasets/{dataset}/annotations/{split}.json",
    output:
        "resources/regions/{dataset}/{split}/{region}.json",
    params:
        region=lambda w: getattr(CONFIG.regions, w.region).model_dump(mode="json"),
        code=code("find_regions"),
    log:
        "logs/find_regions/{dataset}/{split}/{region}.log",
    priority: 80
    script:
        "../workflow_scripts/find_regions.py"
