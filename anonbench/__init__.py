"""anonbench measures what image anonymization costs computer-vision training, and what privacy it buys.

One room per stage of the workflow, in the order in which data flow: ``datasets``, ``regions``, ``generators``,
``anonymize``, ``models``, ``evaluate``, ``report``. Nothing here imports Snakemake: the library does the work, the
rules only wire it.
"""

__version__ = "0.1.0"
