"""Realistic anonymization through the whole method: what it may see, what it may change, and its fallbacks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from anonbench.anonymize.frame import Task, anonymize, anonymize_together
from anonbench.anonymize.method import Method
from anonbench.common.errors import UserError
from anonbench.config.plugins import KINDS, METHODS
from anonbench.generators import synthesizer
from anonbench.generators.condition import conditions
from anonbench.regions.region import Region
from tests.helpers.people import HEIGHT, NAMES, WIDTH, person, picture, untrained

LEVEL = {"grow": 0.05, "coarseness": 0.02}


def prepared(generators: list[Path], **changes) -> Method:
    """The method with these generators."""
    method = METHODS.create("gan", LEVEL | changes)
    method.prepare(generators, "cpu")
    return method


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("generators")
    return {kind: untrained(folder / f"{kind}.safetensors", kind) for kind in KINDS.names()}


@pytest.fixture(scope="module", params=KINDS.names())
def gan(request: pytest.FixtureRequest, files: dict[str, Path]):
    return prepared([files[request.param]], kind=request.param)


@pytest.fixture(scope="module")
def style(files: dict[str, Path]):
    return prepared([files["style_unet"]])


def grown(regions: list[Region], grow: float = LEVEL["grow"]) -> np.ndarray:
    """Every pixel within the grown regions, by brute force."""
    inside = np.zeros((HEIGHT, WIDTH), bool)
    rows, cols = np.mgrid[:HEIGHT, :WIDTH]
    for region in regions:
        y, x = np.nonzero(region.mask)
        radius = np.ceil(grow * max(np.ptp(y) + 1, np.ptp(x) + 1))
        for a, b in zip(y, x, strict=True):
            near = slice(max(0, a - 6), a + 7), slice(max(0, b - 6), b + 7)
            inside[near] |= (rows[near] - a) ** 2 + (cols[near] - b) ** 2 <= radius**2
    return inside


@st.composite
def crowds(draw: st.DrawFn) -> list[Region]:
    """One to three people who may overlap and reach outside of the image."""
    found = []
    for _ in range(draw(st.integers(1, 3))):
        found.append(person(draw(st.integers(0, WIDTH)), draw(st.integers(-15, 50)), draw(st.integers(20, 80))))
    return found


@settings(max_examples=25, deadline=None)
@given(crowd=crowds(), seed=st.integers(0, 2**16))
def test_the_output_does_not_depend_on_what_is_replaced_and_nothing_else_changes(gan, crowd, seed) -> None:
    rng = np.random.default_rng(seed)
    image, other = picture(crowd, rng), rng.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    inside = grown(crowd)
    other = np.where(inside[..., None], other, image)
    one, two = (anonymize(gan, i, crowd, np.random.default_rng(seed)) for i in (image, other))
    assert (one.image == two.image).all()
    assert (one.image[~inside] == image[~inside]).all()
    assert one.fallbacks == two.fallbacks


def test_seeds_make_different_people_and_the_same_seed_the_same(gan) -> None:
    crowd = [person(60, 10, 70)]
    image = picture(crowd, np.random.default_rng(0))
    image[~grown(crowd)] = 90  # no grain where the surroundings have none
    one, again, other = (anonymize(gan, image, crowd, np.random.default_rng(seed)).image for seed in (1, 1, 2))
    assert (one == again).all()
    differs = np.abs(one.astype(int) - other)[grown(crowd)].mean()
    assert differs > 2 if gan.config.kind == "style_unet" else differs == 0


def test_the_network_has_one_thread_whatever_the_number_of_cores(style, monkeypatch: pytest.MonkeyPatch) -> None:
    generator, found, before = style.synthesizers[0].generator, [], torch.get_num_threads()
    forward = generator.forward

    def spying(*inputs):
        found.append(torch.get_num_threads())
        return forward(*inputs)

    monkeypatch.setattr(generator, "forward", spying)
    torch.set_num_threads(3)
    try:
        crowd = [person(60, 10, 70)]
        anonymize(style, picture(crowd, np.random.default_rng(0)), crowd, np.random.default_rng(0))
        assert found == [1] and torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_nobody_shows_through_between_touching_people(gan) -> None:
    crowd = [person(50, 10, 70), person(66, 12, 66), person(82, 10, 70)]
    image, results = picture(crowd, np.random.default_rng(0)), []
    for color in ((255, 0, 255), (0, 255, 0)):
        image[grown(crowd, 0.0)] = color
        results.append(anonymize(gan, image, crowd, np.random.default_rng(0)))
    assert not any(result.fallbacks for result in results)
    assert (results[0].image == results[1].image).all()


def test_several_images_together_are_as_one_by_one(style) -> None:
    rng = np.random.default_rng(0)
    crowds_ = [[person(40, 10, 70), person(90, 20, 60)], [], [person(60, 5, 80)]]
    images = [picture(crowd, rng) for crowd in crowds_]
    pairs = enumerate(zip(images, crowds_, strict=True))
    tasks = [Task(image, crowd, np.random.default_rng(i)) for i, (image, crowd) in pairs]
    together = anonymize_together(style, tasks)
    for i, result in enumerate(together):
        alone = anonymize(style, images[i], crowds_[i], np.random.default_rng(i)).image
        assert np.abs(result.image.astype(int) - alone).max() <= 1  # convolutions of other batches round otherwise


def test_the_near_person_is_made_last_and_sees_the_far_one(style, monkeypatch: pytest.MonkeyPatch) -> None:
    near, far = person(50, 5, 85), person(76, 20, 40)
    seen = []
    fill_all = style.synthesizers[0].fill_all

    def spying(patches, coarseness):
        seen.extend(patches)
        return fill_all(patches, coarseness)

    monkeypatch.setattr(style.synthesizers[0], "fill_all", spying)
    image = picture([near, far], np.random.default_rng(0))
    anonymize(style, image, [near, far], np.random.default_rng(0))
    assert [patch.side for patch in seen] == [40, 85]
    first, second = seen
    assert first.hidden.sum() > first.mask.sum()  # the near person is hidden from the far one's generator
    assert not (second.hidden & ~second.mask).any()  # the far one can be seen
    assert first.outline.sum() < first.mask.sum()


def test_a_large_person_is_made_at_network_resolution_and_scaled(style) -> None:
    shape = 700, 500
    region = person(250, 30, 640, shape)
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    result = anonymize(style, image, [region], np.random.default_rng(0)).image
    assert not (result[region.mask] == image[region.mask]).all(-1).mean() > 0.01
    # Neighbouring pixels of a much enlarged picture are alike.
    inner = result[150:500, 220:280].astype(int)
    assert np.abs(np.diff(inner, axis=0)).mean() < 12 < np.abs(np.diff(image.astype(int), axis=0)).mean()


def constant(conditions, code, noise):
    return torch.full((len(code), 4, *conditions.planes.shape[2:]), 0.25)


def not_finite(conditions, code, noise):
    return torch.full((len(code), 4, *conditions.planes.shape[2:]), torch.nan)


@pytest.mark.parametrize(("output", "reason"), [(constant, "output_constant"), (not_finite, "output_not_finite")])
def test_a_broken_generator_masks_out_and_counts(files, monkeypatch, output, reason) -> None:
    anonymizer = prepared([files["style_unet"]])
    output.draw = lambda count, random: torch.zeros(count, 64)
    monkeypatch.setattr(anonymizer.synthesizers[0], "generator", output)
    crowd = [person(40, 10, 70), person(90, 20, 60)]
    image = picture(crowd, np.random.default_rng(0))
    result = anonymize(anonymizer, image, crowd, np.random.default_rng(0))
    assert result.fallbacks == {reason: 2}
    assert (result.image == np.where(grown(crowd)[..., None], 0, image)).all()


def test_a_generator_that_raises_masks_out_and_counts(files, monkeypatch) -> None:
    anonymizer = prepared([files["style_unet"]])
    monkeypatch.setattr(synthesizer, "conditions", lambda *_: 1 / 0)
    crowd = [person(40, 10, 70)]
    image = picture(crowd, np.random.default_rng(0))
    result = anonymize(anonymizer, image, crowd, np.random.default_rng(0))
    assert result.fallbacks == {"error": 1}
    assert not result.image[crowd[0].mask].any()


@pytest.mark.parametrize(
    ("region", "reason"),
    [
        (Region(np.array([10.0, 10, 14, 16])), "too_small"),
        (Region(np.array([-5.0, -5, 200, 200])), "no_surroundings"),
    ],
)
def test_what_cannot_be_made_is_masked_out_and_counted(gan, region: Region, reason: str) -> None:
    image = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    result = anonymize(gan, image, [region], np.random.default_rng(0))
    assert result.fallbacks == {reason: 1}
    x1, y1, x2, y2 = region.box.clip(0).astype(int)
    assert not result.image[y1:y2, x1:x2].any()


@pytest.mark.parametrize(
    ("names", "known"),
    [
        (NAMES, [0, 1, 2]),
        (NAMES[::-1], [2, 1, 0]),
        (["tail", "left_hand", "Right_Hand"], [1, 2, None]),
        (["tail", "nose", "ear"], [None] * 3),
        (NAMES[:2], [None] * 3),  # not as many as people have: nobody knows which is which
        ([], [None] * 3),
    ],
)
def test_keypoints_are_matched_by_their_names(files, tmp_path, monkeypatch, names, known) -> None:
    anonymizer = prepared([files["style_unet"]])
    views = []

    def spying(shown, *rest):
        views.extend(shown)
        return conditions(shown, *rest)

    monkeypatch.setattr(synthesizer, "conditions", spying)
    region = person(60, 10, 70)
    image = picture([region], np.random.default_rng(0))
    for told in (names, NAMES):
        anonymizer.expect(told)
        anonymize(anonymizer, image, [region], np.random.default_rng(0))
    found, all_ = (view.keypoints for view in views)
    assert (all_[:, 2] == 2).all() and len(np.unique(all_[:, :2], axis=0)) == 3
    expected = [np.zeros(3) if place is None else all_[place] for place in known]
    assert np.array_equal(found, expected)


def test_only_learned_methods_take_a_generator(files) -> None:
    assert METHODS["gan"].learned and not METHODS["blur"].learned
    with pytest.raises(ValueError, match="Gan needs a generator"):
        METHODS.create("gan", LEVEL).prepare([], "cpu")
    with pytest.raises(ValueError, match="Blur has no generator"):
        METHODS.create("blur", {"sigma": 0.1}).prepare([files["style_unet"]], "cpu")


def test_a_file_that_is_no_generator_is_refused(tmp_path: Path) -> None:
    (tmp_path / "generator.safetensors").write_bytes(b"not weights")
    with pytest.raises(UserError, match="generator.safetensors is damaged"):
        prepared([tmp_path / "generator.safetensors"])


def test_generators_take_turns_and_each_person_is_of_one_of_them(files, tmp_path: Path) -> None:
    other = untrained(tmp_path / "other.safetensors", "style_unet", seed=1)
    first = files["style_unet"]
    one, two, both = (prepared(pair) for pair in ([first, first], [other, other], [first, other]))
    crowd = [person(60, 10, 70)]
    image = picture(crowd, np.random.default_rng(0))
    found = []
    for seed in range(12):
        made = [anonymize(method, image, crowd, np.random.default_rng(seed)).image for method in (both, one, two)]
        found.append([(made[0] == alone).all() for alone in made[1:]])
    assert all(sum(alike) == 1 for alike in found)
    assert len({alike[0] for alike in found}) == 2
