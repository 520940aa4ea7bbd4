# fetch -> verify -> convert to the common form.


def within_reach(datasets):
    """Stop, before any job runs, where these datasets or the cells that are asked for need files that are nowhere."""
    targets = set(workflow.dag_settings.targets)
    try:
        check_reach(CONFIG, {*datasets, *(cell.dataset for cell in CELLS if cell.path in targets)})
    except UserError as error:
        stop(error)


def dataset_spec(wildcards):
    return CONFIG.datasets[wildcards.dataset].model_dump(mode="json")


def roles_of(wildcards):
    """The roles of the files that a split is read from; none for some formats."""
    return needed_roles(dataset_spec(wildcards), [wildcards.split])


def files_of(wildcards):
    """Those files in the order of the roles: local ones, else fetched ones."""
    within_reach([wildcards.dataset])
    spec = dataset_spec(wildcards)
    return [str(locate(wildcards.dataset, spec, role, CONFIG.archives)) for role in roles_of(wildcards)]


def verified_files(wildcards):
    """What says that they are the right ones, once for all splits."""
    files = remote_files(dataset_spec(wildcards))
    return [str(record_of(wildcards.dataset, files[role].file_name)) for role in roles_of(wildcards)]


def file_of(wildcards):
    """The file of that official name: a local one, else the fetched one."""
    spec = dataset_spec(wildcards)
    try:
        role = role_of(spec, wildcards.file_name)
    except UserError as error:
        stop(error)
    return str(locate(wildcards.dataset, spec, role, CONFIG.archives))


def source_files(wildcards):
    """A user's own annotation file: a change of it converts the split again."""
    dataset = CONFIG.datasets[wildcards.dataset]
    return [dataset.splits[wildcards.split].annotations] if dataset.format == "coco" else []


def split_spec(wildcards):
    """What this split's conversion reads of the configuration: no other split, nor files' places, nor shards.

    Snakemake does not look inside folders, so a user's own folder of images is represented by its listing.
    """
    elsewhere = {"archive", "sha256", "files", "shards"}
    spec = {key: value for key, value in dataset_spec(wildcards).items() if key not in elsewhere}
    if "splits" in spec:
        spec["splits"] = {wildcards.split: spec["splits"][wildcards.split]}
    listing = listing_digest(spec["splits"][wildcards.split]["images"]) if spec["format"] == "coco" else None
    return {"dataset": spec, "listing": listing, "roles": roles_of(wildcards)}


# Neither parameters nor code: another mirror is no reason to download again.
rule fetch_file:
    output:
        "resources/archives/{dataset}/{file_name}",
    log:
        "logs/fetch_file/{dataset}/{file_name}.log",
    priority: 100
    script:
        "../workflow_scripts/fetch_file.py"


# Nor here: a digest that is configured later would convert, and train, everything again. It is compared with this rule's
# output before any job runs (anonbench.datasets.check.check_verified).
rule verify_file:
    input:
        file_of,
    output:
        "resources/verified/{dataset}/{file_name}.json",
    log:
        "logs/verify_file/{dataset}/{file_name}.log",
    priority: 95
    script:
        "../workflow_scripts/verify_file.py"


rule convert_split:
    input:
        files=files_of,
        verified=verified_files,
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
