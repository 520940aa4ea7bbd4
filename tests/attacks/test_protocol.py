"""Who is compared with whom, and what of it counts."""

import numpy as np
import pytest

from anonbench.attacks.people import Album, Photograph
from anonbench.attacks.protocol import Setting, equal_error_rate, link, settings


def people(*who, region="face", outfits=None):
    pixels, mask = np.zeros((4, 4, 3), np.uint8), np.ones((4, 4), bool)
    worn = outfits or [None] * len(who)
    return Album([Photograph(pixels, mask, 4.0, *one) for one in zip(who, worn, strict=True)], region)


def test_the_gallery_has_everybodys_first_photograph_and_probes_are_the_others():
    (setting,) = settings(people(5, 7, 5, 9, 7, 5))
    assert setting.name == "all"
    assert setting.gallery.tolist() == [0, 1]  # 9 has no other photograph
    assert setting.probes.tolist() == [2, 4, 5]


def test_nobody_is_compared_where_nobody_recurs():
    assert list(settings(people(1, 2, 3))) == []


def test_bodies_are_compared_in_the_same_and_in_other_clothes():
    found = {s.name: s for s in settings(people(1, 1, 2, 2, 1, region="body", outfits=[0, 1, 4, 4, 0]))}
    assert found["same_clothes"].probes.tolist() == [3, 4] and found["other_clothes"].probes.tolist() == [1]
    assert found["other_clothes"].gallery.tolist() == found["same_clothes"].gallery.tolist() == [0, 2]


def test_bodies_of_unknown_clothes_and_faces_have_one_setting():
    assert [s.name for s in settings(people(1, 1, region="body", outfits=[0, None]))] == ["all"]
    assert [s.name for s in settings(people(1, 1, outfits=[0, 1]))] == ["all"]


# Three people in the gallery (photographs 0, 2, 4), probes 1, 3, 5; rows are probes.
WHO = np.array([1, 1, 2, 2, 3, 3])
SETTING = Setting("all", np.array([0, 2, 4]), np.array([1, 3, 5]))


def similar(*rows):
    scores = np.zeros((6, 6))
    scores[np.ix_(SETTING.probes, SETTING.gallery)] = rows
    return scores


def test_ranks_count_who_is_likelier_and_who_ties():
    linked = link(SETTING, WHO, similar([0.9, 0.5, 0.1], [0.8, 0.7, 0.7], [0.6, 0.4, 0.2]), similar(*np.eye(3)))
    assert linked.better == [0, 1, 2] and linked.tied == [0, 1, 0]
    assert linked.identities == [1, 2, 3] and linked.gallery == 3
    assert linked.among_better == [0, 0, 0] and linked.among_tied == [0, 0, 0]


def test_anonymized_pairs_are_ranked_by_their_own_similarity():
    linked = link(SETTING, WHO, similar(*np.eye(3)), similar([0.1, 0.5, 0.9], [0, 0, 0], [0, 0, 1]))
    assert linked.better == [0, 0, 0]
    assert linked.among_better == [2, 0, 0] and linked.among_tied == [0, 2, 0]


def test_pairs_are_accepted_above_what_one_wrong_pair_in_a_hundred_reaches():
    rng = np.random.default_rng(0)
    count = 50
    who = np.arange(count).repeat(2)
    setting = Setting("all", np.arange(0, 2 * count, 2), np.arange(1, 2 * count, 2))
    scores = np.zeros((2 * count, 2 * count))
    wrong = rng.permutation(count * (count - 1)) / (count * (count - 1))  # 0 .. 1 in equal steps
    block = np.zeros((count, count))
    block[~np.eye(count, dtype=bool)] = wrong
    block[np.eye(count, dtype=bool)] = np.where(np.arange(count) < 20, 0.995, 0.985)
    block[0, 0] = 0.9996
    scores[np.ix_(setting.probes, setting.gallery)] = block
    linked = link(setting, who, scores, scores)
    assert linked.accepted_2 == [True] * 20 + [False] * 30
    assert linked.accepted_3 == [True] + [False] * 49


def test_who_is_singled_out_leads_by_more_than_impostors_do():
    count = 400
    who = np.arange(count).repeat(2)
    setting = Setting("all", np.arange(0, 2 * count, 2), np.arange(1, 2 * count, 2))
    block = np.zeros((count, count))
    block[:, 0], block[:, 1] = 0.5, 0.4  # the likest others lead by 0.1
    np.fill_diagonal(block, 0.55)
    block[10, 10], block[11, 11] = 0.7, 0.45
    scores = np.zeros((2 * count, 2 * count))
    scores[np.ix_(setting.probes, setting.gallery)] = block
    singled = link(setting, who, scores, scores).singled_out
    assert singled[10] and not singled[11] and not singled[12]  # 12 leads, but by 0.05 alone


def test_equal_errors():
    assert equal_error_rate(np.array([3.0, 4.0]), np.array([1.0, 2.0])) == 0
    assert equal_error_rate(np.array([1.0, 2.0]), np.array([3.0, 4.0])) == 1
    assert equal_error_rate(np.array([1.0, 1.0]), np.array([1.0, 1.0])) == 0.5
    genuine, wrong = np.arange(100) + 0.5, np.arange(-50, 50) + 0.25
    assert equal_error_rate(genuine, wrong) == pytest.approx(0.25, abs=0.01)
