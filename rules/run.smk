# One run at a time, whose jobs end with it.

import shlex
from contextlib import ExitStack, contextmanager

from anonbench.workflow.run import ending_with_this, guarded, other_run, sole_run, submitted

COMMAND = shlex.join(["snakemake", *sys.argv[1:]])
ALONGSIDE = {"plan", "partial"}  # targets that touch no results of the others


@contextmanager
def guards(executor_plugin, **_):
    """What this process needs to hold while Snakemake plans and runs jobs."""
    targets = workflow.dag_settings.targets
    with ExitStack() as held:
        try:
            if not workflow.is_main_process:
                held.enter_context(submitted(COMMAND))
            elif executor_plugin.common_settings.dryrun_exec:
                if other := other_run():
                    logger.info(f"A run works here ({other}); what follows changes meanwhile.")
            else:
                if workflow.execution_settings.lock and not (targets and ALONGSIDE.issuperset(targets)):
                    held.enter_context(sole_run(COMMAND, logger.warning))
                    workflow.execution_settings.lock = False  # Snakemake's own lock outlives a killed run
                held.enter_context(ending_with_this(logger.warning, COMMAND))
        except UserError as error:
            stop(error)
        yield


# Between reading the workflow and touching the first file, Snakemake calls nothing that a workflow can define.
if not hasattr(workflow.execute, "__wrapped__"):  # it has one where two modules are this workflow
    workflow.execute = guarded(workflow.execute, guards)
