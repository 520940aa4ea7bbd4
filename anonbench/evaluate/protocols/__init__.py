"""How each benchmark scores: one module a protocol, each with ``score_task`` (see :mod:`.coco`)."""
