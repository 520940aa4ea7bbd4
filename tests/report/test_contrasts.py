"""Pictures of the images on which two models differ: which, how many, and what is said of them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from anonbench.common.errors import UserError
from anonbench.common.images import encode
from anonbench.evaluate.contrasts.contrast import contrast_models
from anonbench.report.contrasts import Contrast, Share, Tally, contrast
from tests.helpers.scored import SIZE, annotation, dataset

PLACES = [(10, 10, 20, 20), (60, 10, 20, 20), (110, 10, 20, 20)]


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Four images of grey levels 40, 80, 120 and 160."""
    for number in range(1, 5):
        (tmp_path / f"{number}.png").write_bytes(encode(np.full((SIZE, SIZE, 3), 40 * number, np.uint8), ".png"))
    return tmp_path


def drawn(images: Path, share: Share) -> Contrast:
    """The originals' model finds all three people of every image, the variant's n - 1 less in image n and one wrong."""
    truth = [annotation(3 * n + k, n, 2, place) for n in range(1, 5) for k, place in enumerate(PLACES)]
    split = dataset(truth, images=(1, 2, 3, 4))

    def found(few):
        return [
            {"image_id": n, "category_id": 2, "bbox": list(place), "score": 0.9}
            for n in range(1, 5)
            for place in PLACES[: 4 - n if few else 3]
        ]

    wrong = [{"image_id": 4, "category_id": 2, "bbox": [10, 100, 20, 20], "score": 0.8}]
    predictions = {"bbox": found(False)}, {"bbox": found(True) + wrong}
    record = contrast_models("d", "m", "face-gan-low", 3, split, predictions, ["detection"])
    return contrast(record, "detection", False, images, share)


def test_the_images_that_differ_most_come_first_with_what_either_model_finds(images: Path) -> None:
    shown = drawn(images, Share(20, 6))
    assert (shown.dataset, shown.task, shown.model, shown.variant, shown.seed) == (
        "d", "detection", "m", "face-gan-low", 3,
    )  # fmt: skip
    assert [image.name for image in shown.images] == ["4.png", "3.png", "2.png"]  # nothing differs in the first one
    first = shown.images[0]
    assert (first.instances, first.original, first.variant) == (3, Tally(3, 0), Tally(0, 1))
    assert [image.file for image in shown.images] == [
        f"worst/d-m-detection/face-gan-low/0{rank}-{name}.jpg" for rank, name in ((1, 4), (2, 3), (3, 2))
    ]


def test_a_picture_is_of_its_image_the_originals_model_on_the_left(images: Path) -> None:
    first = drawn(images, Share(20, 6)).images[0]
    picture = cv2.imdecode(np.frombuffer(first.jpeg, np.uint8), cv2.IMREAD_COLOR)[..., ::-1].astype(int)
    assert picture.shape == (first.height, first.width, 3)
    scale = 480 / SIZE
    empty, false = (22 + round(scale * 70), round(scale * 80)), (22 + round(scale * 110), round(scale * 10))
    assert np.abs(picture[empty] - 160).max() < 8
    left, right = picture[false], picture[false[0], false[1] + 484]
    assert np.abs(left - 160).max() < 12 and right[0] - right[2] > 80  # orange


def test_the_page_has_the_first_ones_and_the_files_have_more(images: Path) -> None:
    shown = drawn(images, Share(2, 1)).images
    assert [bool(image.source) for image in shown] == [True, False] and all(image.jpeg for image in shown)
    assert shown[0].source.startswith("data:image/webp;base64,")


def test_a_large_study_has_fewer_of_each() -> None:
    assert [Share.of(number) for number in (0, 21, 30, 100, 300, 5000)] == [
        Share(20, 6), Share(20, 6), Share(20, 6), Share(20, 1), Share(6, 1), Share(1, 1),
    ]  # fmt: skip


def test_an_image_that_is_gone_stops_the_report(images: Path) -> None:
    (images / "4.png").unlink()
    with pytest.raises(UserError, match="4.png"):
        drawn(images, Share(1, 1))
