# fetch -> verify -> convert to the common form.

from anonbench.datasets.locate import locate, needed_roles, record_of, role_of
from anonbench.study.checks import check_reach


def within_reach(datasets):
    """Stop, before any job runs, where these datasets or the cells that are asked for need files that are nowhere."""
    targets = set(workflow.dag_settings.targets)
    try:
        check_reach(CONFIG, {*datasets, *(cell.dataset for cell in CELLS if cell.path in targets)})
    except UserError as error:
        stop(error)


def roles_of(wildcards):
    """The roles of the files that a split is read from; none for some formats."""
    try:
        return needed_roles(FORMAT_OF[wildcards.dataset], [wildcards.split])
    except UserError as error:
        stop(error)


def files_of(wildcards):
    """Those files in the order of the roles: local ones, else fetched ones."""
    within_reach([wildcards.dataset])
    found = FORMAT_OF[wildcards.dataset]
    return [str(locate(wildcards.dataset, found, role, CONFIG.archives)) for role in roles_of(wildcards)]


def verified_files(wildcards):
    """The records that they are the right ones, once for all splits."""
    files = FORMAT_OF[wildcards.dataset].FILES
    return [str(record_of(wildcards.dataset, files[role].file_name)) for role in roles_of(wildcards)]


def file_of(wildcards):
    """The file of that official name: a local one, else the fetched one."""
    found = FORMAT_OF[wildcards.dataset]
    try:
        return str(locate(wildcards.dataset, found, role_of(found, wildcards.file_name), CONFIG.archives))
    except UserError as error:
        stop(error)


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
        local=lambda w: [str(path) for path in FORMAT_OF[w.dataset].local_files(w.split)],
    output:
        images=directory("resources/datasets/{dataset}/images/{split}"),
        annotations="resources/datasets/{dataset}/annotations/{split}.json",
    params:
        format=lambda w: FORMAT_OF[w.dataset].conversion(w.split),
        roles=roles_of,
        fingerprint=lambda w: FORMAT_OF[w.dataset].fingerprint(w.split),
        code=lambda w: code("convert_split", FORMATS.module(CONFIG.datasets[w.dataset].format)),
    log:
        "logs/convert_split/{dataset}/{split}.log",
    priority: 90
    script:
        "../workflow_scripts/convert_split.py"
