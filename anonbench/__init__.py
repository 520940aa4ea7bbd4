"""anonbench measures what image anonymization costs computer-vision training.

One room per stage of the workflow, in the order the data flows: ``datasets``, ``regions``, ``anonymize``, ``train``,
``evaluate``, ``report``. Nothing here imports Snakemake: the library does the work, the rules only wire it.
"""
