# Inputs and parameters of the rules of datasets.smk.

from functools import cache

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
    return [own_file(str(locate(wildcards.dataset, found, role, CONFIG.archives))) for role in roles_of(wildcards)]


def verified_files(wildcards):
    """The records that they are the right ones, once for all splits."""
    files = FORMAT_OF[wildcards.dataset].FILES
    return [str(record_of(wildcards.dataset, files[role].file_name)) for role in roles_of(wildcards)]


@cache
def fingerprint_of(dataset, split):
    """What the user's own files of a split hold, as it is when the workflow starts."""
    return FORMAT_OF[dataset].fingerprint(split)


def file_of(wildcards):
    """The file of that official name: a local one, else the fetched one."""
    found = FORMAT_OF[wildcards.dataset]
    try:
        return own_file(str(locate(wildcards.dataset, found, role_of(found, wildcards.file_name), CONFIG.archives)))
    except UserError as error:
        stop(error)
