# fetch -> verify -> convert to the common form.


def archive_of(wildcards):
    """The dataset's archive: the local one that the configuration names, else the fetched one; none for some formats."""
    dataset = CONFIG.datasets[wildcards.dataset]
    if not hasattr(dataset, "archive"):
        return []
    return dataset.archive or f"resources/archives/{wildcards.dataset}.zip"


def source_files(wildcards):
    """A user's own annotation file: a change of it converts the split again."""
    dataset = CONFIG.datasets[wildcards.dataset]
    return [dataset.splits[wildcards.split].annotations] if dataset.format == "coco" else []


def split_spec(wildcards):
    """What this split's conversion reads of the configuration: no other split, no archive's place, no shards.

    Snakemake does not look inside folders, so a user's own folder of images is represented by its listing.
    """
    spec = CONFIG.datasets[wildcards.dataset].model_dump(mode="json", exclude={"archive", "shards"})
    if "splits" in spec:
        spec["splits"] = {wildcards.split: spec["splits"][wildcards.split]}
    listing = listing_digest(spec["splits"][wildcards.split]["images"]) if spec["format"] == "coco" else None
    return {"dataset": spec, "listing": listing}


rule fetch_archive:
    output:
        "resources/archives/{dataset}.zip",
    params:
        spec=lambda w: {"format": CONFIG.datasets[w.dataset].format, "sha256": CONFIG.datasets[w.dataset].sha256},
    log:
        "logs/fetch_archive/{dataset}.log",
    priority: 100
    script:
        "../workflow_scripts/fetch_archive.py"


rule convert_split:
    input:
        archive=archive_of,
        source=source_files,
        code=lambda w: stage_code(
            "convert_split", f"anonbench.datasets.formats.{CONFIG.datasets[w.dataset].format}"
        ),
    output:
        images=directory("resources/datasets/{dataset}/images/{split}"),
        annotations="resources/datasets/{dataset}/annotations/{split}.json",
    params:
        spec=split_spec,
    log:
        "logs/convert_split/{dataset}/{split}.log",
    priority: 90
    script:
        "../workflow_scripts/convert_split.py"
