"""Write the certificate of one variant: the record, and the page to print."""

from itertools import chain

from anonbench.attacks.record import AttackResult
from anonbench.common.files import json_text, sha256_file, sha256_of, write_text
from anonbench.common.records import read_record, write_record
from anonbench.report.certificate.issue import certificate
from anonbench.report.certificate.page import page
from anonbench.report.certificate.record import File
from anonbench.report.certificate.subject import Subject
from anonbench.report.drops import read_drops
from anonbench.report.risk.table import read_privacy
from anonbench.study.provenance import versions
from anonbench.variants.audit import VariantAudit
from anonbench.workflow.job import job

with job(snakemake.log[0]):
    inputs = snakemake.input
    subject = Subject.model_validate(snakemake.params.subject)
    paths = chain([inputs.privacy, inputs.drops], inputs.attacks, inputs.anchors, inputs.manifests, inputs.generators)
    files = [File(path=path, sha256=sha256_file(path)) for path in paths]
    files += [File(path=f"code of {step}", sha256=digest) for step, digest in subject.code.items()]
    files.append(File(path="configuration", sha256=sha256_of(json_text(subject.configuration).encode())))
    found = certificate(
        subject,
        read_privacy(inputs.privacy),
        read_drops(inputs.drops),
        [read_record(AttackResult, path) for path in inputs.attacks],
        [read_record(VariantAudit, path) for path in inputs.audits],
        files,
        versions(),
    )
    write_record(snakemake.output.json, found)
    write_text(snakemake.output.html, page(found, sha256_file(snakemake.output.json)))
