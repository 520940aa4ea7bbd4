"""Faces: where their codes lie, how new ones are drawn, and whom is learned from."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from anonbench.common.errors import UserError
from anonbench.common.files import sha256_file, write_json
from anonbench.common.records import write_record
from anonbench.generators.condition import View, conditions
from anonbench.generators.crops import Crops, read_crops
from anonbench.generators.files import build
from anonbench.generators.kinds.style_unet.codes import CODE, Eigenfaces
from anonbench.generators.kinds.style_unet.places import EYES_APART, EYES_DOWN, Places, aligned, on_faces
from anonbench.generators.shape import Shape
from anonbench.generators.splits import SplitFiles
from anonbench.regions.files import ImageRegions, RegionFile, encode_region
from anonbench.regions.landmarks import GUESSED, LANDMARKS, SEEN, upright
from anonbench.regions.region import KEYPOINTS, Region

SIDE = 64
GRID = 16, 16


def laid(landmarks: np.ndarray, visibility: np.ndarray, box: tuple[int, int, int, int] = (8, 4, 56, 60)) -> Places:
    """The grid of a face of these (5, 2) landmarks px, whose outline is a box."""
    outline = np.zeros((SIDE, SIDE), bool)
    outline[box[1] : box[3], box[0] : box[2]] = True
    keypoints = np.concatenate([landmarks, visibility[:, None]], 1)
    view = View(np.zeros((SIDE, SIDE, 3), np.uint8), outline, ~outline, outline, keypoints, exact=True)
    given = conditions([view], np.zeros(1), [np.random.default_rng(0)])
    return on_faces(given.outline, given.fill, GRID, given.heat, aligned(LANDMARKS))


def where(places: Places, x: float, y: float) -> tuple[float, float]:
    """How far across and down the frame a pixel is, within the outermost cells' centres."""
    rows, columns = GRID
    code = torch.stack(torch.meshgrid(torch.arange(columns), torch.arange(rows), indexing="xy"))[None].float()
    shares = places.laid(torch.cat([code, torch.ones(1, 1, *GRID)], 1))[0, :, round(y), round(x)]
    across, down = ((shares[:2] / shares[2] + 0.5) / 16).tolist()
    return across, down


@pytest.mark.parametrize("degrees", [0, 35, -90])
def test_a_grid_turns_and_grows_with_the_landmarks(degrees: float) -> None:
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.array([[cosine, sine], [-sine, cosine]])
    centre, apart = np.array([31.0, 29.0]), 14.0
    landmarks = centre + apart * upright() @ turn
    places = laid(landmarks, np.full(5, 2.0))
    for (x, y), point in zip(upright(), landmarks, strict=True):
        expected = 0.5 + EYES_APART * x, EYES_DOWN + EYES_APART * y
        assert where(places, *point) == pytest.approx(expected, abs=0.03)
    beyond = centre + apart * np.array([2.0, 0.4]) @ turn  # twice as far as the temple
    assert not places.laid(torch.ones(1, 1, *GRID))[0, 0, round(beyond[1]), round(beyond[0])]


def test_two_landmarks_are_enough_and_with_one_the_box_is_the_frame() -> None:
    landmarks = np.array([31.0, 27.0]) + 16 * upright()
    eyes = laid(landmarks, np.array([2, 2, 0, 0, 0.0]))
    assert where(eyes, *landmarks[3]) == pytest.approx(
        (0.5 - 0.41 * EYES_APART, EYES_DOWN + 1.155 * EYES_APART), abs=0.03
    )
    box = laid(landmarks, np.array([2, 0, 0, 0, 0.0]))
    assert where(box, 31.5, 31.5) == pytest.approx((0.5, 0.5), abs=0.01)
    assert where(box, 31.5, 31.5 + 14) == pytest.approx((0.5, 0.75), abs=0.01)


def codes(count: int) -> torch.Tensor:
    """Codes of two kinds of people, far apart, with a little of their own."""
    random = torch.Generator().manual_seed(3)
    kinds = torch.randn(2, CODE, *GRID, generator=random)
    own = 0.1 * torch.randn(count, CODE, *GRID, generator=random)
    return 5 + kinds[torch.arange(count) % 2] + own


def test_new_faces_have_the_mean_and_a_share_of_the_spread() -> None:
    known, faces = codes(60), Eigenfaces()
    faces.learn(known, 0)
    made = faces.draw(4000, torch.Generator().manual_seed(1))
    assert made.shape == (4000, CODE, *GRID)
    torch.testing.assert_close(made.mean(0), known.mean(0), atol=0.1, rtol=0)
    spread = made.var(0).sum() / known.var(0, correction=0).sum()
    assert spread.item() == pytest.approx(Eigenfaces.SPREAD**2, rel=0.05)
    between = (known[0] - known[1]).flatten()
    along = [((group - known.mean(0)).flatten(1) @ between).std(correction=0).item() for group in (made, known)]
    assert along[0] == pytest.approx(Eigenfaces.SPREAD * along[1], rel=0.05)
    strengths = faces.axes.flatten(1).norm(dim=1)
    assert (strengths[:-1] >= strengths[1:] - 1e-4).all() and not faces.axes[60:].any()


def test_nobodys_code_comes_back() -> None:
    """Neither among what is kept nor among the new: what anybody differs by from those of the same kind."""
    known, faces = codes(200).flatten(1), Eigenfaces()
    faces.learn(known.unflatten(1, (CODE, *GRID)), 0)
    own = torch.cat([group - group.mean(0) for group in (known[::2], known[1::2])])
    made = faces.draw(500, torch.Generator().manual_seed(2)).flatten(1) - known.mean(0)
    between = torch.nn.functional.normalize(known[::2].mean(0) - known[1::2].mean(0), dim=0)
    made = made - (made @ between)[:, None] * between
    for of in made, faces.axes[1:].flatten(1):
        alike = torch.nn.functional.normalize(of, dim=1) @ torch.nn.functional.normalize(own, dim=1).T
        assert 0.1 < alike.abs().max() < 0.5


def test_landmarks_of_other_names_are_one_clear_message() -> None:
    shape = Shape(kind="style_unet", region="face", width=32, height=32, channels=4, keypoint_names=("chin",))
    with pytest.raises(UserError, match="'chin'"):
        build(shape)


@pytest.fixture
def files(tmp_path: Path):
    """A split of faces on one image of 200 x 160 px, written from (box, source, landmarks' visibility)."""

    def write(*faces: tuple[tuple[float, ...], str, int]) -> SplitFiles:
        cv2.imwrite(str(tmp_path / "a.png"), np.random.default_rng(0).integers(0, 255, (160, 200, 3), np.uint8))
        write_json(
            tmp_path / "train.json", {"images": [{"file_name": "a.png", "sha256": sha256_file(tmp_path / "a.png")}]}
        )
        regions = []
        for box, source, visibility in faces:
            low, high = np.array(box[:2], float), np.array(box[2:], float)
            landmarks = low + (high - low) * (np.array([0.5, 0.37]) + 0.45 * upright())
            keypoints = np.concatenate([landmarks, np.full((5, 1), float(visibility))], 1)
            regions.append(encode_region(Region(np.array(box, float), keypoints=keypoints, source=source)))
        image = ImageRegions(image_id=1, file_name="a.png", width=200, height=160, regions=regions)
        path = tmp_path / "face.json"
        names = list(LANDMARKS)
        write_record(
            path, RegionFile(dataset="own", split="train", region="face", keypoint_names=names, images=[image])
        )
        return SplitFiles(tmp_path / "train.json", path, tmp_path)

    return write


def crops(*splits: SplitFiles) -> Crops:
    return read_crops(splits, (32, 32), LANDMARKS)


def test_a_face_is_learned_from_as_it_is_and_as_a_head(files) -> None:
    found = crops(files(((70, 60, 110, 110), "annotated", SEEN)))
    assert len(found) == 2
    apart = np.linalg.norm(found.keypoints[:, 0, :2] - found.keypoints[:, 1, :2], axis=1)
    # Eyes are 18 px apart. The box with its context is 65 px wide, the head 1.2 heads of 18 / 0.28 px with its own.
    assert apart == pytest.approx([18 * 37 / (50 * 1.3 * 1.15), 18 * 37 / (1.2 * 18 / 0.28 * 1.3 * 1.15)], rel=0.03)
    assert not found.masks[..., 1].any()  # it is nobody else's


def test_a_square_around_the_head_is_one_already(files) -> None:
    assert len(crops(files(((60, 40, 120, 110), KEYPOINTS, SEEN)))) == 1


def test_faces_without_landmarks_are_learned_from_only_where_there_are_no_others(files) -> None:
    guessed = (120, 60, 160, 110), "annotated", GUESSED
    found = crops(files(((20, 60, 60, 110), "annotated", SEEN), guessed))
    assert (found.keypoints[..., 2] == SEEN).all() and len(found) == 2
    found = crops(files(guessed))
    assert (found.keypoints[..., 2] == GUESSED).all() and len(found) == 1


def test_no_head_is_learned_from_that_the_image_cuts(files) -> None:
    assert len(crops(files(((2, 2, 62, 72), "annotated", SEEN)))) == 1


def test_people_of_several_splits_are_learned_from_together(files) -> None:
    """Each with its own images and as many as are asked for."""
    path = files(((70, 60, 110, 110), "annotated", SEEN), ((20, 60, 60, 110), "annotated", SEEN))
    both = read_crops([path, path], (32, 32), LANDMARKS, limit=3)
    assert len(both) == 6
    assert np.array_equal(both.images[:3], both.images[3:]) and not np.array_equal(both.images[0], both.images[1])


def test_keypoints_of_another_split_are_matched_by_name(files) -> None:
    split = files(((70, 60, 110, 110), "annotated", SEEN))
    found = read_crops([split], (32, 32), ("left_mouth", "chin", "right_eye"))
    expected = crops(split).keypoints
    assert np.array_equal(found.keypoints[:, 0], expected[:, 4]) and np.array_equal(
        found.keypoints[:, 2], expected[:, 0]
    )
    assert not found.keypoints[:, 1].any()


def test_a_neighbour_in_a_heads_square_is_another_person(files) -> None:
    """The first one's head reaches over the second one's face; what a box holds of its own face is not another's."""
    found = crops(files(((70, 60, 110, 110), "annotated", SEEN), ((112, 60, 132, 85), "annotated", SEEN)))
    others = found.masks[..., 1] & found.masks[..., 0]
    assert len(found) == 4 and not others[:2].any()  # two boxes, then two heads
    assert others[2].sum() > 10 and not others[2][:, :20].any()


def test_the_directions_are_found_every_so_many_steps() -> None:
    one, other, faces = codes(4), codes(6) + 1, Eigenfaces()
    for step, shown, expected in ((0, one, one), (1, other, one), (faces.EVERY, other, other)):
        faces.learn(shown, step)
        torch.testing.assert_close(faces.mean, expected.mean(0))
