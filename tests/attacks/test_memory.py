"""What a generator remembers is found: of one that copies everything, of one that remembers nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from anonbench.attacks.learned import Learned, learned_of
from anonbench.attacks.remembering import Looks, People, Side, look, mean_colour, read_people, remembered, worst
from anonbench.attacks.separation import Test as Found
from anonbench.generators.crops import Crops
from anonbench.variants.recipe import Recipe
from tests.helpers.people import NAMES, crops_of, split_of, untrained, write_people

CPU = torch.device("cpu")
LOOKS = Looks(grow=0.02, coarseness=0.01, people=100, draws=2, seed=0)


class Stub(nn.Module):
    """Makes people of any colour, or, of those whose surroundings it knows, the very person."""

    def __init__(self, known: Crops | None) -> None:
        super().__init__()
        self.images = [] if known is None else [_middle(known, i) for i in range(len(known))]

    def draw(self, count: int, random: torch.Generator) -> torch.Tensor:
        return torch.rand(count, 3, generator=random) * 2 - 1

    def forward(self, given, code, noise):
        made = code[:, :, None, None].expand(-1, -1, *given.fill.shape[2:]).clone()
        for index, planes in enumerate(given.planes):
            known = planes[4].bool().numpy()
            shown = ((planes[:3].permute(1, 2, 0).numpy() + 1) * 127.5).round()
            for image in self.images:
                if np.abs(shown[known] - image[known]).max() < 1:
                    made[index] = torch.from_numpy(image.transpose(2, 0, 1) / 127.5 - 1)
        return torch.cat([made, torch.ones_like(made[:, :1])], 1)


def _middle(crops: Crops, index: int) -> np.ndarray:
    width, height = crops.size
    top, left = (crops.images.shape[1] - height) // 2, (crops.images.shape[2] - width) // 2
    return crops.images[index, top : top + height, left : left + width].astype(float)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> tuple[Crops, Crops]:
    """People to learn from, and others."""
    found = []
    for seed in (6, 7):
        files = write_people(tmp_path_factory.mktemp("people"), images=12, seed=seed)
        found.append(crops_of(files, (32, 64)))
    return tuple(found)


def figures(generator: nn.Module, members: Crops, others: Crops) -> dict[str, float]:
    return worst([remembered(look(generator, members, others, LOOKS, CPU), LOOKS, 100)])


def test_a_generator_that_copies_its_people_is_found_out(people: tuple[Crops, Crops]) -> None:
    found = figures(Stub(people[0]), *people)
    assert found["membership_auc"] > 0.99 and found["membership_tpr_1e-2"] > 0.9
    assert found["membership_control_auc"] == pytest.approx(0.5, abs=0.2)
    assert found["membership_excess_low"] > 0.2
    assert found["nearest_is_own_share"] == 1
    assert found["nearest_is_own_control"] < 0.3 and found["nearest_is_own_others"] < 0.4
    assert found["nearest_is_own_excess_low"] > 0.4


def test_a_generator_that_remembers_nobody_gives_nobody_away(people: tuple[Crops, Crops]) -> None:
    found = figures(Stub(None), *people)
    assert found["membership_auc"] == pytest.approx(0.5, abs=0.15)
    assert found["membership_excess_low"] < 0 < found["membership_excess_high"]
    assert found["nearest_is_own_excess_low"] <= 0 <= found["nearest_is_own_excess_high"]
    assert found["copying_excess_low"] <= 0 <= found["copying_excess_high"]
    assert found["membership_auc_low"] < found["membership_auc"] < found["membership_auc_high"]


class Collage(Stub):
    """Puts one of the people it learned from wherever it is asked, whatever the place."""

    def forward(self, given, code, noise):
        chosen = [self.images[int((one[0] + 1) / 2 * len(self.images)) % len(self.images)] for one in code]
        made = torch.from_numpy(np.stack(chosen).transpose(0, 3, 1, 2) / 127.5 - 1).float()
        return torch.cat([made, torch.ones_like(made[:, :1])], 1)


def test_copies_in_other_places_are_nearer_to_training_people_than_to_others(people: tuple[Crops, Crops]) -> None:
    """Everybody has the same place, so that a copy fits it."""
    members, others = (_in_one_place(crops) for crops in people)
    compared = Crops(*(getattr(members, name)[:12] for name in ("images", "masks", "keypoints", "exact")),
                     members.size, members.partners)  # fmt: skip
    found = figures(Collage(compared), members, others)
    assert found["copying_auc"] == 1 and found["copying_tpr_1e-2"] == 1
    assert found["copying_control_auc"] == pytest.approx(0.5, abs=0.25)
    assert found["copying_excess_low"] > 0.1
    assert found["nearest_member_generated"] == pytest.approx(0, abs=1e-4)
    assert found["nearest_member_real"] > 1e-3


def _in_one_place(crops: Crops) -> Crops:
    """The same people's colours in the outline of the first one."""
    mask = crops.masks[0, ..., 0]
    images = np.repeat(crops.images[:1], len(crops), axis=0)
    for index in range(len(crops)):
        images[index][mask] = np.median(crops.images[index][crops.masks[index, ..., 0]], axis=0)
    masks = np.repeat(crops.masks[:1], len(crops), axis=0)
    return Crops(images, masks, crops.keypoints, crops.exact, crops.size, crops.partners)


def test_the_most_similar_of_several_generated_people_counts_and_places_of_others_are_the_measure() -> None:
    """Everybody is a direction of their own; what is generated is the very person, or nothing like anybody."""
    directions = np.eye(21)
    everybody, nobody = directions[:20], np.repeat(directions[20:], 10, axis=0)
    members, others = everybody[:10], everybody[10:]
    half = np.where(np.arange(10)[:, None] < 4, others, nobody)  # others are met in four places of ten
    people = People(Side(members, np.stack([members, nobody]), nobody), Side(others, np.stack([half, nobody]), nobody))
    found = worst([remembered(people, LOOKS, 20)])
    assert found["membership_auc"] == 0.8  # better than six of ten, like four
    assert found["membership_control_auc"] == 0.5
    assert found["nearest_is_own_share"] == 1
    assert found["nearest_is_own_control"] == 0.1  # whoever comes first, of ten who are as near
    assert found["nearest_is_own_others"] == 0.4
    assert (found["nearest_member_generated"], found["nearest_member_real"]) == (1, 1)


def test_bare_outlines_have_the_mean_colour_of_the_people(people: tuple[Crops, Crops]) -> None:
    pixels = [crops.images[index][crops.masks[index, ..., 0]] for crops, index in zip(people, (2, 5), strict=True)]
    groups = [(people[0], np.array([2])), (people[1], np.array([5]))]
    assert mean_colour(groups) == pytest.approx(np.concatenate(pixels).mean(0) / 127.5 - 1)


def test_as_many_people_are_looked_at_as_both_sides_have(people: tuple[Crops, Crops]) -> None:
    members, others = people
    few = Crops(*(getattr(others, name)[:7] for name in ("images", "masks", "keypoints", "exact")), others.size,
                others.partners)  # fmt: skip
    found = look(Stub(None), members, few, LOOKS, CPU)
    assert found.members.real.shape[0] == found.others.real.shape[0] == 7
    assert found.members.made.shape[:2] == (2, 7)


def test_of_several_generators_the_one_that_remembers_most_counts_test_by_test() -> None:
    one = {"membership": Found({"auc": 0.6}, 0.1), "copying": Found({"auc": 0.55}, 0.05)}
    two = {"membership": Found({"auc": 0.7}, 0.0), "copying": Found({"auc": 0.9}, 0.3)}
    assert worst([one, two]) == {"membership_auc": 0.6, "copying_auc": 0.9}


def test_a_generators_file_is_read_with_the_first_people_it_learned_from(tmp_path: Path) -> None:
    splits = []
    for name in ("train", "val"):
        files = write_people(tmp_path / name, images=4, seed=len(name))
        splits.append([split_of(files)])
    generator = untrained(tmp_path / "generator.safetensors", names=NAMES)
    found = read_people(Learned(generator, splits[0], 5, splits[1]), LOOKS, "cpu")
    assert len(found.members.real) == len(found.others.real) == 5
    again = read_people(Learned(generator, splits[0], 5, splits[1]), LOOKS, "cpu")
    assert np.array_equal(found.members.made, again.members.made)


def test_people_are_shown_to_the_generator_as_the_anonymization_shows_them() -> None:
    recipe = Recipe(method="gan", plugin="gan", config={"grow": 0.3, "coarseness": 0.2, "kind": "style_unet"})
    assert Looks.of(recipe, 5, 2, 1) == Looks(0.3, 0.2, 5, 2, 1)
    bare = Looks.of(None, 5, 2, 1)
    assert (bare.grow, bare.coarseness) == (0.02, 0.01)


def test_files_of_generators_are_paired_with_those_of_their_people() -> None:
    annotations = [f"data/{d}/annotations/{s}.json" for d in ("a", "b") for s in ("generator", "val")]
    regions = [f"regions/{d}/{s}/face.json" for d in ("a", "b") for s in ("generator", "val")]
    one, two = learned_of(["one.safetensors", "two.safetensors"], annotations, regions, [1, 1], [10, 20])
    assert [files.images for files in (*one.members, *one.others)] == [
        Path("data/a/images/generator"), Path("data/a/images/val")
    ]  # fmt: skip
    assert (two.members[0].regions, two.most) == (Path("regions/b/generator/face.json"), 20)
    paired = (names[::2] + names[1::2] for names in (annotations, regions))
    (both,) = learned_of(["one.safetensors"], *paired, [2], [10])
    assert [files.regions for files in both.members] == [Path(f"regions/{d}/generator/face.json") for d in "ab"]
    assert [files.regions for files in both.others] == [Path(f"regions/{d}/val/face.json") for d in "ab"]
