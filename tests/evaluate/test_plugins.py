"""A task and metrics of a user's own, each in one file, are scored into every cell that they apply to."""

import pytest

from anonbench.common.errors import UserError
from anonbench.common.plugins import use_folders
from anonbench.config.cells import Cell
from anonbench.config.models import ModelConfig
from anonbench.evaluate.cell import read_cell, write_cell
from anonbench.evaluate.choice import scoring_modules
from anonbench.evaluate.score import score, score_cell
from anonbench.models.tasks import check_tasks
from tests.helpers.scored import annotation, dataset, resampled

TASK = '''
"""Large objects alone."""
from anonbench.evaluate.tasks.detection import Detection

class Large(Detection):
    """Detect objects of 1000 px and more; smaller ones are ignored."""

    def truth(self, annotation, category):
        record = super().truth(annotation, category)
        return record | {"iscrowd": int(record["iscrowd"] or record["area"] < 1000)}
'''
METRIC = '''
"""How many results there are."""
import numpy as np
from anonbench.evaluate.metric import Metric, Resampled, Scores

class PerImage(Metric):
    """``per_image``: how many results an image has on average."""

    kinds = ("bbox",)

    def score(self, comparison):
        return Scores({"per_image": float(self.details(comparison).mean())})

    def details(self, comparison):
        found = [record["image_id"] for record in comparison.found()]
        return np.array([found.count(key) for key in comparison.image_ids])

    def resample(self, details, draws):
        return Resampled({"per_image": draws @ details / draws.sum(axis=1)})
'''
PROTOCOL = '''
"""A rule of one's own."""
from anonbench.evaluate.metric import Metric, Scores

class Halves(Metric):
    """``half`` of everything, and all instances twice."""

    kinds = ("bbox",)
    protocol = "halves"

    def score(self, comparison):
        names = [category["name"] for category in comparison.categories]
        return Scores({"half": 0.5}, {name: {"half": 0.5} for name in names}, {name: 2 for name in names})
'''


@pytest.fixture
def plug_in(tmp_path):
    """Writes a plug-in's file and lets it be found; none is found any more afterwards."""

    def write(kind, name, text):
        (tmp_path / kind).mkdir(exist_ok=True)
        (tmp_path / kind / f"{name}.py").write_text(text)
        use_folders([str(tmp_path)])

    yield write
    use_folders([])


TRUTH = dataset(
    [annotation(1, 1, 2, (10, 10, 40, 40)), annotation(2, 2, 2, (5, 5, 20, 20)), annotation(3, 2, 9, (50, 50, 60, 60))],
    images=(1, 2),
)
FOUND = [
    {"image_id": 1, "category_id": 2, "bbox": [10, 10, 40, 40], "score": 0.9},
    {"image_id": 1, "category_id": 2, "bbox": [90, 90, 40, 40], "score": 0.1},
    {"image_id": 2, "category_id": 9, "bbox": [50, 50, 60, 60], "score": 0.8},
]
KEY = Cell("made", "rcnn", "original", 0, "original")


def test_a_task_of_ones_own_is_scored_beside_the_others(plug_in, tmp_path):
    plug_in("tasks", "large", TASK)
    write_cell(tmp_path / "cell.json", score_cell(KEY, TRUTH, {"bbox": FOUND}, ["detection", "large"]))
    tasks = read_cell(tmp_path / "cell.json").tasks
    assert tasks["detection"].instances == 3 and tasks["large"].instances == 2
    # The person of 400 px, not found, halves the recall of its category only where it counts.
    assert tasks["detection"].categories["person"].metrics["AP"] == pytest.approx(51 / 101)
    assert tasks["large"].metrics["AP"] == pytest.approx(1)
    assert "anonbench.evaluate.tasks.large" in scoring_modules(["large"])
    check_tasks(ModelConfig(config="m.py", tasks=["large"]), ["bbox"], TRUTH, tmp_path)
    with pytest.raises(UserError, match="does not serve the task 'large'"):
        check_tasks(ModelConfig(config="m.py", tasks=["large"]), ["keypoints"], TRUTH, tmp_path)


def test_a_metric_of_ones_own_is_in_every_cell(plug_in, tmp_path):
    plug_in("metrics", "per_image", METRIC)
    write_cell(tmp_path / "cell.json", score_cell(KEY, TRUTH, {"bbox": FOUND}, ["detection"]))
    scored = read_cell(tmp_path / "cell.json").tasks["detection"]
    assert list(scored.metrics)[0] == "AP" and list(scored.metrics)[-1] == "per_image"
    assert scored.metrics["per_image"] == 1.5
    assert list(scored.categories["person"].metrics) == ["AP", "AP50", "AP75"]
    (found,) = resampled(TRUTH, {"bbox": FOUND}, "detection", [0, 0, 1])
    assert found["per_image"] == pytest.approx(5 / 3)
    assert "anonbench.evaluate.metrics.per_image" in scoring_modules(["detection"])
    assert "anonbench.evaluate.metrics.per_image" not in scoring_modules(["pose"])


def test_a_protocol_of_ones_own_takes_the_place_of_cocos_for_its_kinds(plug_in):
    plug_in("metrics", "halves", PROTOCOL)
    split = TRUTH | {"info": {"protocol": "halves"}}
    scores = score(split, {"bbox": FOUND, "segmentation": []}, ["detection", "instance_segmentation"])
    assert scores["detection"].metrics == {"half": 0.5} and scores["detection"].instances == 8
    assert scores["detection"].categories["dog"].metrics == {"half": 0.5}
    assert scores["instance_segmentation"].metrics["AP"] == 0
    assert "half" not in score(TRUTH, {"bbox": FOUND}, ["detection"])["detection"].metrics
    # What cannot be resampled is left out.
    assert resampled(split, {"bbox": FOUND}, "detection", [0, 1]) == [{}]


def test_two_metrics_of_one_name_are_an_error(plug_in):
    plug_in("metrics", "once_more", METRIC.replace('"per_image"', '"AP50"'))
    with pytest.raises(UserError, match="'once_more' gives AP50"):
        score(TRUTH, {"bbox": FOUND}, ["detection"])
