"""Say what the certificates say, a line each; nothing is built."""

from anonbench.common.records import read_record
from anonbench.report.certificate.issue import in_a_line
from anonbench.report.certificate.record import Certificate
from anonbench.workflow.job import job

with job(snakemake.log[0]):
    for path in snakemake.input:
        print(f"{path}: {in_a_line(read_record(Certificate, path))}", flush=True)
