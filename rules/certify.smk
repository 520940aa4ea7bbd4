# what attacks reach, drops and audits -> a certificate of every attacked variant.


include: "inputs/certify.smk"


localrules:
    certificate,
    certify,


rule certificate:
    input:
        privacy=rules.summarize.output.privacy,
        drops=rules.summarize.output.drops,
        attacks=certified_attacks,
        anchors=certified_anchors,
        audits=certified_splits("audit.json"),
        manifests=certified_splits("manifest.json"),
        generators=certified_generators,
    output:
        json="results/certificates/{dataset}/{region}-{method}-{level}.json",
        html="results/certificates/{dataset}/{region}-{method}-{level}.html",
    log:
        "logs/certificate/{dataset}/{region}-{method}-{level}.log",
    benchmark:
        "logs/certificate/{dataset}/{region}-{method}-{level}.tsv"
    conda:
        "../envs/data.yaml"
    resources:
        **needs("certificate"),
    params:
        subject=certified_subject,
        texts=CERTIFICATE_TEXTS,
        code=code("certificate"),
    script:
        "../workflow_scripts/certificate.py"


rule certify:  # without an output, so that it always runs
    input:
        every_certificate,
    log:
        "logs/certify.log",
    conda:
        "../envs/data.yaml"
    script:
        "../workflow_scripts/certify.py"
