"""The embedded default dataset: what it draws is what it annotates."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from pycocotools import mask as rle

from anonbench.common.errors import UserError
from anonbench.common.files import sha256_of
from anonbench.datasets.format import SplitSize
from anonbench.datasets.prepare import prepare
from anonbench.datasets.records import Split
from anonbench.datasets.scenes import furniture, parts, traffic
from anonbench.datasets.scenes.annotate import CATEGORY_IDS
from anonbench.datasets.scenes.body import draw_person
from anonbench.datasets.scenes.identity import SPLIT_CODES, identity_pool
from anonbench.datasets.scenes.render import render_scene
from anonbench.datasets.scenes.skeleton import make_pose
from anonbench.datasets.scenes.svg import Pen, rasterise
from tests.helpers.converted import made_format, samples_of

WIDTH, HEIGHT, IMAGES = 256, 192, 48
# Mean RGB of the upper left, upper right, lower left and lower right quarter of the demo's first training images.
QUARTERS = [
    [[120.8, 113.0, 117.3], [153.0, 131.5, 142.6], [143.3, 137.4, 144.8], [148.6, 128.5, 138.2]],
    [[123.8, 114.5, 118.0], [175.6, 171.6, 157.1], [144.6, 142.9, 131.8], [162.8, 164.9, 158.1]],
    [[113.3, 131.7, 156.4], [100.3, 120.0, 110.3], [161.6, 161.6, 167.8], [165.2, 159.4, 164.3]],
]


def load(split: str, count: int = IMAGES, width: int = WIDTH, height: int = HEIGHT, seed: int = 3) -> Split:
    splits = dict.fromkeys(SPLIT_CODES, count)
    return made_format("scenes", splits=splits, width=width, height=height, seed=seed).load(split, {})


@pytest.fixture(scope="module")
def train():
    split = load("train")
    assert len(split.names) == IMAGES and split.bytes_expected > 0
    samples = list(samples_of(split))
    assert len(samples) == IMAGES
    return samples


def people(samples):
    return [(s, a) for s in samples for a in s.annotations if a["category_id"] == 1]


def mask(annotation) -> np.ndarray:
    return rle.decode(annotation["segmentation"]).astype(bool)


def test_an_image_depends_on_seed_split_and_index_alone(train):
    again = list(samples_of(load("train", 3)))
    assert len(again) == 3
    for a, b in zip(train[:3], again, strict=True):
        assert a.file_name == b.file_name and a.annotations == b.annotations
        assert a.image.tobytes() == b.image.tobytes()
    other_seed = next(samples_of(load("train", 1, seed=4)))
    other_split = next(samples_of(load("val", 1)))
    for other in (other_seed, other_split):
        assert not np.array_equal(train[0].image, other.image)


def test_the_default_scenes_are_the_ones_that_results_are_of():
    """Annotations to the digit; of the pixels, which differ between processors, means of quarters."""
    found = list(samples_of(made_format("scenes", splits={"train": 3, "val": 3}).load("train", {})))
    digests = [sha256_of(json.dumps(sample.annotations).encode())[:16] for sample in found]
    assert digests == ["581b4d27a38bdaf7", "06d9e7bc5364cfe3", "f95d5dfc2b11c167"]
    quarters = [[s.image[y : y + 96, x : x + 128].mean((0, 1)) for y in (0, 96) for x in (0, 128)] for s in found]
    assert np.array(quarters) == pytest.approx(np.array(QUARTERS), abs=0.1)


def test_what_hardly_shows_is_left_out():
    """Of nine things in that image, one hides behind another."""
    _, annotations = render_scene(0, "train", 37, (WIDTH, HEIGHT), identity_pool(0, "train"))
    assert len(annotations) == 8
    assert sha256_of(json.dumps(annotations).encode())[:16] == "ecf9f15f2b7fd59f"


def test_samples_are_lazy_rgb_and_named():
    split = load("train", 10**6)
    sample = next(samples_of(split))
    assert sample.file_name == "scene_00000.png"
    assert sample.image.shape == (HEIGHT, WIDTH, 3) and sample.image.dtype == np.uint8
    assert sample.declared_size == (WIDTH, HEIGHT)


def test_identities_of_the_splits_are_disjoint():
    pools = {split: identity_pool(3, split) for split in SPLIT_CODES}
    numbers = [p.number for pool in pools.values() for p in pool]
    vectors = [dataclasses.replace(p, number=0) for pool in pools.values() for p in pool]
    assert len(set(numbers)) == len(numbers)
    assert len(set(vectors)) == len(vectors)
    assert identity_pool(3, "train") == pools["train"] != identity_pool(4, "train")


def test_images_draw_on_their_own_split_and_identities_reappear(train):
    seen = [a["identity"] for _, a in people(train)]
    assert set(seen) <= {p.number for p in identity_pool(3, "train")}
    assert max(seen.count(k) for k in seen) >= 3
    for sample in train:
        inside = [a["identity"] for a in sample.annotations if "identity" in a]
        assert len(set(inside)) == len(inside)


def test_every_category_appears_and_the_crowd_is_as_promised(train):
    counts = {k: sum(a["category_id"] == k for s in train for a in s.annotations) for k in CATEGORY_IDS.values()}
    assert min(counts.values()) >= 2, counts
    assert 2 <= counts[1] / len(train) <= 4
    whole = [
        a["bbox"][3] / HEIGHT for _, a in people(train)
        if a["bbox"][1] > 0 and a["bbox"][1] + a["bbox"][3] < HEIGHT
    ]  # fmt: skip
    assert min(whole) < 0.3 and max(whole) > 0.55


def test_masks_boxes_and_areas_agree(train):
    for sample in train:
        taken = np.zeros((HEIGHT, WIDTH), int)
        for a in sample.annotations:
            m = mask(a)
            ys, xs = np.nonzero(m)
            assert a["bbox"] == [xs.min(), ys.min(), np.ptp(xs) + 1, np.ptp(ys) + 1]
            assert a["area"] == m.sum() > 0 and a["iscrowd"] == 0
            taken += m
        assert taken.max() <= 1  # a pixel shows one object


def test_keypoints_lie_where_they_are_said_to(train):
    visibilities = set()
    for _, a in people(train):
        m, triples = mask(a), np.array(a["keypoints"]).reshape(-1, 3)
        assert len(triples) == 17 and a["num_keypoints"] == (triples[:, 2] > 0).sum()
        for x, y, v in triples:
            visibilities.add(v)
            assert v or (x, y) == (0, 0)
            if v:
                assert 0 <= x < WIDTH and 0 <= y < HEIGHT
            if v == 2:
                assert m[int(y), int(x)]
    assert visibilities == {0, 1, 2}


@pytest.mark.parametrize("kind", ["person", "car", "bus", "bicycle", "dog", "bird"])
def test_masks_have_the_outline_of_what_is_drawn(kind):
    """The two pictures are drawn from the same shapes: their silhouettes agree but for the soft edge."""
    pool, rng = identity_pool(0, "train"), np.random.default_rng(5)
    for k in range(3):
        pen = Pen(1)
        pen.open("translate(6000 6000)" if kind == "bus" else "translate(2600 2800)")
        if kind == "person":
            draw_person(pen, pool[k], make_pose(rng))
        else:
            getattr(traffic, f"draw_{kind}")(pen, rng)
        pen.close()
        frame, size = ((12000, 8000) if kind == "bus" else (5400, 3600)), (540, 360)
        ground = [f'<rect width="{frame[0]}" height="{frame[1]}" fill="#ff00ff"/>']
        drawn = (rasterise(ground + pen.colour, pen.defs, frame, size, crisp=False) != (255, 0, 255)).any(-1)
        masked = rasterise(pen.ids, [], frame, size, crisp=True)[..., 0] == 1
        assert (drawn & masked).sum() / (drawn | masked).sum() > (0.6 if kind == "bicycle" else 0.9)


def test_face_boxes_hold_a_face_of_their_person(train):
    valid = [(s, a) for s, a in people(train) if a["face_valid"]]
    hidden = [a for _, a in people(train) if not a["face_valid"]]
    assert len(valid) > 30 and len(hidden) > 10
    assert all(a["face_box"] == [0, 0, 0, 0] for a in hidden)
    for _, a in valid:
        x, y, w, h = a["face_box"]
        assert 0 <= x < x + w <= WIDTH and 0 <= y < y + h <= HEIGHT
        inside = mask(a)[int(y) : int(np.ceil(y + h)), int(x) : int(np.ceil(x + w))]
        assert inside.mean() > 0.1
        triples = np.array(a["keypoints"]).reshape(-1, 3)
        for kx, ky, v in triples[:3]:
            if v == 2:
                assert x - 1 <= kx <= x + w + 1 and y - 1 <= ky <= y + h + 1


@pytest.mark.parametrize(("yaw", "nose", "left_eye", "right_eye"), [(0, 1, 1, 1), (180, 0, 0, 0), (90, 1, 0, 1)])
def test_view_decides_what_is_seen_of_a_face(yaw, nose, left_eye, right_eye):
    """Turned to the image's right, a person shows the right side of the face; from behind, none of it."""
    pose = dataclasses.replace(make_pose(np.random.default_rng(0), "stand"), yaw=yaw, head_yaw=yaw, head_tilt=0)
    drawn = draw_person(Pen(1), identity_pool(0, "train")[0], pose)
    assert (drawn.face is not None) == (yaw < 180)
    seen = [bool(drawn.keypoints[k][2]) for k in ("nose", "left_eye", "right_eye")]
    assert seen == [bool(nose), bool(left_eye), bool(right_eye)]
    left, right = drawn.keypoints["left_shoulder"][0], drawn.keypoints["right_shoulder"][0]
    if yaw != 90:
        assert (left > right) == (yaw == 0)


def test_faces_differ_between_identities():
    pose = dataclasses.replace(make_pose(np.random.default_rng(0), "stand"), yaw=0, head_yaw=0, head_tilt=0, smile=0.3)
    pictures = []
    for person in identity_pool(0, "train")[:6]:
        pen = Pen(1)
        pen.open(f"translate(150 {person.height:.1f}) scale(1)")
        face = draw_person(pen, person, pose).face
        pen.close()
        body = [f'<g transform="translate({-face[0] - 150:.1f} {-person.height - face[1]:.1f})">', *pen.colour, "</g>"]
        pictures.append(rasterise(body, pen.defs, (face[2] - face[0], face[3] - face[1]), (48, 64), crisp=False))
    for i, a in enumerate(pictures):
        assert a.std() > 15  # it has features
        for b in pictures[:i]:
            assert np.abs(a.astype(int) - b).mean() > 6


@pytest.mark.parametrize("kind", furniture.FURNITURE)
def test_furniture_belongs_to_nobody(kind):
    pen = Pen(0)
    pen.open("translate(1500 4500)")
    furniture.draw_furniture(pen, kind, np.random.default_rng(1))
    pen.close()
    shown = rasterise(pen.colour, pen.defs, (3000, 5000), (90, 150), crisp=False)
    assert shown.any()
    # On a ground of another number it must reset every pixel it covers to the background's.
    ground = ['<rect width="3000" height="5000" fill="#ff0000"/>']
    owners = rasterise(ground + pen.ids, [], (3000, 5000), (90, 150), crisp=True)[..., 0]
    assert set(np.unique(owners)) == {0, 255}


def test_the_scene_does_not_depend_on_the_size(train):
    compared = 0
    for small, large in zip(train[:4], samples_of(load("train", 4, 512, 384)), strict=True):
        assert large.image.shape == (384, 512, 3)
        a = {x.get("identity"): x["bbox"] for x in small.annotations if "identity" in x}
        b = {x.get("identity"): x["bbox"] for x in large.annotations if "identity" in x}
        assert a.keys() == b.keys()
        for who, box in a.items():
            assert np.allclose(np.array(box) * 2, b[who], atol=8)
            compared += 1
    assert compared >= 4


def test_categories_are_cocos(train):
    rows = load("val").categories
    assert {r["name"]: r["id"] for r in rows} == CATEGORY_IDS
    person = rows[0]
    assert person["is_person"] and not any(r["is_person"] for r in rows[1:])
    assert person["keypoints"] == list(parts.KEYPOINTS) and len(person["sigmas"]) == 17
    assert person["skeleton"][0] == [16, 14] and len(person["skeleton"]) == 19


def test_what_cannot_be_drawn_is_said(tmp_path):
    scenes = made_format("scenes", splits={"train": 3, "val": 2})
    with pytest.raises(UserError, match=r"no split 'generator'.*train, val"):
        prepare(scenes, "generator", {}, tmp_path / "images", tmp_path / "generator.json", "toy")
    assert not list(tmp_path.iterdir())
    for size in ({"width": 8}, {"height": 10**6}):
        with pytest.raises(UserError, match=rf"{next(iter(size))}: Input should be"):
            made_format("scenes", splits={"train": 3, "val": 2}, **size)


def test_what_is_known_of_a_split_before_it_is_drawn():
    scenes = made_format("scenes", splits={"train": 10, "val": 4}, width=100, height=80, seed=5)
    assert scenes.splits() == ("train", "val") and scenes.RENDERED and not scenes.FILES
    assert scenes.size("val") == SplitSize(4, 11, 4, 8000)
    assert scenes.needs("train") == () and scenes.fingerprint("train") is None and scenes.local_files("train") == ()
    shared = {"format": "scenes", "width": 100, "height": 80, "seed": 5, "view": "street", "people": None}
    assert scenes.conversion("train") == shared | {"splits": {"train": 10}}
    assert made_format("scenes", **{k: v for k, v in scenes.conversion("val").items() if k != "format"}).splits() == (
        "val",
    )
