"""Hand-made cells."""

from anonbench.evaluate.cell import CategoryScores, CellScores, TaskScores


def category(ap, instances, family=None):
    return CategoryScores(instances=instances, metrics={"AP": ap}, supercategory=family)


def cell(variant, ap, seed=0, evaluated_on="original", person=None, families=None):
    """A cell with a person and a car; ``families`` are their super-categories and those of a truck and a bus."""
    categories = {"person": category(ap if person is None else person, 5), "car": category(0.5, 4)}
    if families:
        values = {"person": (ap, 5), "car": (0.5, 4), "truck": (ap + 0.1, 2), "bus": (None, 0)}
        categories = {name: category(*values[name], family) for name, family in zip(values, families, strict=True)}
    return cell_of(variant, {"AP": ap, "AP50": 0.9, "AP_small": None}, categories, seed, evaluated_on)


def cell_of(variant, metrics, categories, seed=0, evaluated_on="original"):
    scores = TaskScores(instances=9, metrics=metrics, categories=categories)
    return CellScores(
        dataset="d", model="m", variant=variant, seed=seed, evaluated_on=evaluated_on, images=7,
        tasks={"detection": scores},
    )  # fmt: skip
