"""What an attack reached, probe by probe."""

from itertools import combinations

import numpy as np
import pytest

from anonbench.attacks.record import AttackResult, Found, Inferred, Linked
from anonbench.report.risk.outcomes import headline_gallery, outcomes_of, within


def by_counting(better, full, size, rank):
    """The share of all galleries of that size in which fewer than ``rank`` of the better ones are."""
    others = range(full - 1)  # those below `better` are ranked higher
    drawn = list(combinations(others, size - 1))
    return np.mean([sum(one < better for one in gallery) < rank for gallery in drawn])


@pytest.mark.parametrize(("better", "rank"), [(0, 1), (1, 1), (3, 1), (3, 2), (6, 2), (7, 1)])
def test_a_smaller_gallery_is_the_mean_over_all_draws_of_it(better, rank):
    got = within(np.array([better]), np.array([0]), 8, 4, rank)
    assert got == pytest.approx(by_counting(better, 8, 4, rank))


def test_the_full_gallery_is_the_rank_itself():
    assert within(np.array([0, 1, 4]), np.zeros(3, int), 5, 5, 1).tolist() == [1, 0, 0]


def test_who_ties_is_ordered_at_random():
    assert within(np.array([0]), np.array([9]), 10, 10, 1) == pytest.approx([0.1])
    assert within(np.array([0]), np.array([9]), 10, 5, 1) == pytest.approx([0.2])
    assert within(np.array([3]), np.array([1]), 10, 10, 5) == pytest.approx([1.0])


def result(**parts):
    head = {"dataset": "d", "variant": "face-blur-low", "region": "face", "attack": "a", "plugin": "naive", "seed": 0}
    return AttackResult(**head, surroundings="hidden", known=3, targets=3, photographs=12, **parts)


def linked(gallery, better, tied=None, **changes):
    count = len(better)
    no, zeros = [False] * count, [0] * count
    record = dict(
        setting="all", gallery=gallery, identities=list(range(count)), better=better, tied=tied or zeros,
        accepted_2=no, accepted_3=no, singled_out=no, eer=0.5, among_better=zeros, among_tied=zeros,
    )  # fmt: skip
    return Linked(**record | changes)


def test_every_criterion_of_linking_has_its_outcomes_and_its_chance():
    one = linked(3, [0, 2], accepted_2=[True, False], singled_out=[True, False], among_better=[1, 0])
    found = {o.criterion: o for o in outcomes_of(result(linked=[one]))}
    assert set(found) == {"rank1", "rank5", "linked", "mAP", "tar_1e-2", "tar_1e-3", "singled_out"}
    values = {name: o.values.tolist() for name, o in found.items()}
    assert values["rank1"] == [1, 0] and values["linked"] == [0, 1] and values["mAP"] == pytest.approx([1, 1 / 3])
    assert values["rank5"] == [1, 1] and values["tar_1e-2"] == [1, 0] and values["tar_1e-3"] == [0, 0]
    chance = {name: o.chance for name, o in found.items()}
    assert chance["rank1"] == pytest.approx(1 / 3) and chance["rank5"] == 1
    assert chance["mAP"] == pytest.approx((1 + 1 / 2 + 1 / 3) / 3)
    assert found["rank1"].identities.tolist() == [0, 1]


def test_large_galleries_are_also_given_in_the_usual_sizes():
    one = linked(250, [1] * 10)
    rank1 = {o.gallery: o.values[0] for o in outcomes_of(result(linked=[one])) if o.criterion == "rank1"}
    assert set(rank1) == {100, 250} and rank1[250] == 0
    assert rank1[100] == pytest.approx(1 - 99 / 249)  # the one better person is not drawn
    assert headline_gallery(250) == 100 and headline_gallery(40) == 40


def test_attributes_are_averaged_over_their_values():
    one = Inferred(attribute="hat", identities=[1, 2, 3], truth=["no", "no", "yes"], right=[True, False, True])
    (found,) = outcomes_of(result(inferred=[one]))
    assert found.criterion == "inferred:hat" and found.chance == 0.5 and found.strata.tolist() == [0, 0, 1]


def test_what_a_detector_finds():
    (found,) = outcomes_of(result(found=Found(identities=[4, 5], found=[True, False])))
    assert (found.criterion, found.gallery, found.values.tolist(), found.chance) == ("found", 0, [1, 0], 0)
