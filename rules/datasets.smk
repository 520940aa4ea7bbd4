# fetch -> verify -> convert to the common form.


include: "inputs/datasets.smk"


localrules:
    fetch_file,
    verify_file,


# Neither parameters nor code: another mirror is no reason to download again.
rule fetch_file:
    output:
        "resources/archives/{dataset}/{file_name}",
    log:
        "logs/fetch_file/{dataset}/{file_name}.log",
    benchmark:
        "logs/fetch_file/{dataset}/{file_name}.tsv"
    priority: 100
    conda:
        "../envs/data.yaml"
    resources:
        **needs("fetch_file"),
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
    benchmark:
        "logs/verify_file/{dataset}/{file_name}.tsv"
    priority: 95
    conda:
        "../envs/data.yaml"
    resources:
        **needs("verify_file"),
    script:
        "../workflow_scripts/verify_file.py"


rule convert_split:
    input:
        files=files_of,
        verified=verified_files,
    output:
        images=directory("resources/datasets/{dataset}/images/{split}"),
        annotations="resources/datasets/{dataset}/annotations/{split}.json",
    log:
        "logs/convert_split/{dataset}/{split}.log",
    benchmark:
        "logs/convert_split/{dataset}/{split}.tsv"
    priority: 90
    conda:
        "../envs/models.yaml"  # to find unannotated people
    resources:
        **needs("convert_split"),
    params:
        format=lambda w: FORMAT_OF[w.dataset].conversion(w.split),
        roles=roles_of,
        fingerprint=lambda w: fingerprint_of(w.dataset, w.split),
        code=lambda w: code("convert_split", FORMATS.module(CONFIG.datasets[w.dataset].format)),
    script:
        "../workflow_scripts/convert_split.py"
