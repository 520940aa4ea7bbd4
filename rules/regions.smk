# Which pixels belong to a face or a body, for every image.


rule find_regions:
    input:
        annotations="resources/datasets/{dataset}/annotations/{split}.json",
        code=stage_code("find_regions"),
    output:
        "resources/regions/{dataset}/{split}/{region}.json",
    params:
        spec=lambda w: getattr(CONFIG.regions, w.region).model_dump(mode="json"),
    log:
        "logs/find_regions/{dataset}/{split}/{region}.log",
    priority: 80
    script:
        "../workflow_scripts/find_regions.py"
