"""The whole study of `config/paper.yaml`, from archives to the table of results, on miniatures of the official files.

Run from the project's root::

    python -m benchmarks.miniature --folder /somewhere/with/2/GB [--seeds 1] [--images 20] [--cores 1]

Every dataset, model, region, method and level of the study, and the first ``--seeds`` of its seeds; ``--images``
rendered scenes in each split of every dataset, in the official layouts; models and generators at a toy width, by
configuration alone (`tests/helpers/miniature.py`). The files are served from loopback, and no process may reach
anything else. What the models learn from so little says nothing: this proves that all of the study runs.

What is finished is kept: the same command goes on where an earlier one ended, and runs what a change concerns. At the
end every planned cell is read, and every variant compared with its originals; the tables are printed and kept in the
folder's `report.md`. The exit status tells whether anything failed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass, field
from pathlib import Path

from tabulate import tabulate
from tqdm import tqdm

from anonbench.config.config import Config
from anonbench.study.checks import load
from anonbench.study.needs import cells_of
from anonbench.study.plan import plan
from tests.helpers.checks import Compared, cell_complaints, compare, variants
from tests.helpers.miniature import build, paper, prepare
from tests.helpers.project import ROOT, Project
from tests.helpers.server import serve
from tests.helpers.stages import STAGE_OF, STAGES


def main() -> None:
    """Parse the arguments, run, check, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="where everything is written, and kept")
    parser.add_argument("--seeds", type=int, default=1, help="how many of the study's seeds")
    parser.add_argument("--images", type=int, default=20, help="in each split of every dataset; from 6 on")
    parser.add_argument("--cores", type=int, default=1)
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that Snakemake is ended, too
    folder, files = args.folder.resolve(), args.folder.resolve() / f"official-{args.images}"
    build(files, lambda fmt: args.images)
    study = [{**block, "seeds": block.get("seeds", [0])[: args.seeds]} for block in paper()["study"]]
    with serve() as server:
        project = prepare(folder / "project", files, server, study)
        run = execute(project, folder, args.cores)
    report, failed = checked(project, folder, run)
    (folder / "report.md").write_text(report, encoding="utf-8")
    print(f"\n{report}")
    sys.exit(int(failed))


@dataclass
class Run:
    """What Snakemake did in this call: seconds, of wall-clock and of CPU, exit status, and failed jobs by rule."""

    seconds: float = 0.0
    cpu: float = 0.0
    status: int = 0
    failed: Counter[str] = field(default_factory=Counter)


def execute(project: Project, folder: Path, cores: int) -> Run:
    """Run the study, behind a guard and with a progress bar; all that Snakemake says goes to ``snakemake.log``."""
    run, start = Run(), time.perf_counter()
    guarded = {"PYTHONPATH": str(ROOT / "tests/study/guard"), "GUARD_LOG": str(folder / "hosts.txt")}
    command = project.command("results/summary.csv", "--keep-going", cores=cores)
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with (folder / "snakemake.log").open("w", encoding="utf-8") as log, tqdm(unit="job", mininterval=5) as bar:
        with subprocess.Popen(command, cwd=project.root, env={**os.environ, **guarded}, **streams) as process:
            try:
                for line in process.stdout:
                    log.write(line)
                    if done := re.match(r"(\d+) of (\d+) steps", line):
                        bar.total = int(done[2])
                        bar.update(int(done[1]) - bar.n)
                    elif error := re.match(r"Error in rule (\w+):", line):
                        run.failed[error[1]] += 1
            except BaseException:
                process.terminate()  # which removes what its job has half written
                raise
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    run.seconds, run.cpu, run.status = time.perf_counter() - start, used.ru_utime + used.ru_stime, process.returncode
    return run


def checked(project: Project, folder: Path, run: Run) -> tuple[str, bool]:
    """The tables, and whether anything failed."""
    with chdir(project.root):
        config = load(project.merged())
        stages = stage_table(config, run)
    complaints = list(cell_complaints(project.root, config))
    rows: dict[tuple[str, str], list[Compared]] = {}
    for dataset, split, variant in variants(config):
        try:
            found = compare(project.root, dataset, split, variant)
        except FileNotFoundError as error:
            found = Compared(complaints=[f"{Path(error.filename).name} is missing"])
        complaints += [f"{dataset} {split} {variant}: {complaint}" for complaint in found.complaints]
        rows.setdefault((dataset, variant.split("-")[0]), []).append(found)
    attempts = Counter((folder / "hosts.txt").read_text(encoding="utf-8").splitlines())
    refused = Counter({attempt: n for attempt, n in attempts.items() if not attempt.startswith("allowed ")})
    complaints += [f"the network: {attempt}, {times} times" for attempt, times in refused.items()]
    if not attempts:
        complaints.append("the guard saw no connection, not even to the loopback")
    if run.status:
        complaints.append(f"Snakemake ended with status {run.status}: see snakemake.log")
    cells = cells_of(config)
    head = f"{len(cells)} cells planned, {sum((project.root / cell.path).is_file() for cell in cells)} there"
    parts = [
        f"{head}. This call took {run.seconds:.0f} s, and {run.cpu:.0f} s of CPU.",
        stages,
        region_table(rows),
        f"Connections to the loopback: {attempts.total() - refused.total()}; to anything else: {refused.total()}.",
        f"Complaints: {len(complaints)}." + "".join(f"\n- {complaint}" for complaint in complaints),
    ]
    return "\n\n".join(parts) + "\n", bool(complaints)


def jobs_done() -> Iterator[tuple[str, float]]:
    """Rule and seconds of every finished job in this folder, whichever call ran it; each job has one log."""
    jobs: dict[tuple[str, str], tuple[float, float]] = {}
    for path in Path(".snakemake/metadata").glob("**/*"):
        if path.is_file():
            output = json.loads(path.read_text(encoding="utf-8"))
            key = output["rule"], str(output["log"])
            start, end = jobs.get(key, (float("inf"), 0.0))
            jobs[key] = min(start, output["starttime"]), max(end, output["endtime"])
    for (rule, _), (start, end) in jobs.items():
        yield rule, end - start


def stage_table(config: Config, run: Run) -> str:
    """Jobs and wall time by stage, over all calls; failures of this one."""
    done, seconds, failed = Counter(), Counter(), Counter()
    for rule, took in jobs_done():
        done[STAGE_OF[rule]] += 1
        seconds[STAGE_OF[rule]] += took
    for rule, times in run.failed.items():
        failed[STAGE_OF[rule]] += times
    planned = {stage.name: stage.jobs for stage in plan(config).stages}
    rows = [
        [stage, planned[stage], done[stage], failed[stage], round(seconds[stage]), seconds[stage] / max(1, done[stage])]
        for stage in STAGES
    ]
    rows.append(["total", *(sum(row[column] for row in rows) for column in range(1, 5)), ""])
    headers = ["stage", "jobs", "done", "failed", "s", "s a job"]
    return tabulate(rows, headers=headers, tablefmt="github", floatfmt=".1f")


def region_table(rows: dict[tuple[str, str], list[Compared]]) -> str:
    """What became of the regions, summed over a dataset's variants."""
    table = []
    for (dataset, region), found in sorted(rows.items()):
        reasons = sum((compared.fallbacks for compared in found), Counter())
        numbers = [
            sum(getattr(compared, key) for compared in found)
            for key in ("images", "regions", "changed", "masked_out", "unseen", "faint")
        ]
        listed = ", ".join(f"{reason}: {count}" for reason, count in sorted(reasons.items()))
        table.append([dataset, region, len(found), *numbers, listed])
    headers = ["dataset", "region", "variants", "images", "regions", "changed", "masked out", "unseen", "faint", "by"]
    return tabulate(table, headers=headers, tablefmt="github")


if __name__ == "__main__":
    main()
