"""The attackers that compare embeddings: what they reach on clear, blurred and blank people."""

import cv2
import numpy as np
import pytest

from anonbench.attacks.infer import infer
from anonbench.attacks.metric import learn_metric
from anonbench.attacks.people import BLANK
from anonbench.config.plugins import ATTACKS
from tests.helpers.album import album, case, same


def blurred(image, rng):
    return cv2.GaussianBlur(image, (0, 0), 8)


def blank(image, rng):
    return np.full_like(image, BLANK)


def first(attack, people, **config):
    """The rate of probes whose right one is ranked first; the whole outcome."""
    outcome = ATTACKS.create(attack, {"attack": attack, **config}).attack(people)
    (linked,) = outcome.linked
    ranks = [not better and not tied for better, tied in zip(linked.better, linked.tied, strict=True)]
    return float(np.mean(ranks)), outcome


ATTACKERS = [("naive", {}), ("naive", {"metric": "learned"}), ("parrot", {}), ("parrot", {"metric": "none"})]


@pytest.mark.parametrize(("attack", "config"), ATTACKERS)
def test_clear_people_are_recognized(attack, config):
    assert first(attack, case(), **config)[0] >= 0.9


@pytest.mark.parametrize("config", [{}, {"metric": "none"}])
def test_a_parrot_learns_nothing_from_outlines(config):
    linked = first("parrot", case(blank), **config)[1].linked[0]
    assert set(linked.tied) == {19} and set(linked.better) == {0}  # all are alike: exactly chance
    assert not any(linked.singled_out) and linked.eer == 0.5


def test_a_parrot_sees_through_a_blur_that_stops_a_naive_attacker():
    naive, parrot = (first(attack, case(blurred))[0] for attack in ("naive", "parrot"))
    assert naive <= 0.6 and parrot >= naive + 0.3


def test_the_naive_gallery_is_clear_and_the_parrots_is_not():
    people = case(blurred).targets
    naive, parrot = (ATTACKS.create(name, {"attack": name, "metric": "none"}) for name in ("naive", "parrot"))
    for one in (naive, parrot):
        one.learn(case(blurred))
    assert np.array_equal(naive.gallery(people), naive.probes(people.clear))
    assert np.array_equal(parrot.gallery(people), parrot.probes(people.shown))


def test_a_picture_has_the_same_embedding_wherever_it_stands():
    naive = ATTACKS.create("naive", {"attack": "naive"})
    people = case(people=40)
    naive.learn(people)
    whole = naive.probes(people.targets.clear)
    assert np.array_equal(whole[-3:], naive.probes(type(people.targets.clear)(people.targets.clear[-3:], "face")))


def test_a_metric_ignores_what_varies_within_people():
    rng = np.random.default_rng(0)
    who = np.arange(30).repeat(4)
    signal, nuisance = rng.normal(size=(30, 3))[who], 20 * rng.normal(size=(120, 3))
    both = np.column_stack([nuisance, signal + 0.1 * rng.normal(size=(120, 3))])
    seen = learn_metric(both, who, 0).transform(both)
    between = np.array([seen[who == one].mean(0) for one in range(30)]).std(0)
    within = np.array([seen[who == one].std(0) for one in range(30)]).mean(0)
    assert between[0] > 5 * within[0]
    assert learn_metric(np.ones((8, 3)), who[:8], 0) is None


def test_a_metric_is_learned_of_few_people_who_hardly_vary():
    rng = np.random.default_rng(0)
    who = np.arange(8).repeat(2)
    flat = np.round(rng.normal(size=(8, 4))[who] + 1e-5 * rng.normal(size=(16, 4)), 4)
    seen = learn_metric(np.tile(flat, 30), who, 0).transform(np.tile(flat, 30))
    assert np.isfinite(seen).all() and np.allclose(seen[0], seen[1], atol=0.1 * seen.std())


def test_attributes_are_inferred_from_what_shows_them():
    known, targets = album(range(40), 1, same, 1), album(range(100, 140), 1, same, 2)
    signal = [np.array([[one.identity % 2, 1.0] for one in people]) for people in (known.shown, targets.shown)]
    (inferred,) = infer(known.shown, signal[0], targets.shown, signal[1])
    assert inferred.attribute == "tall" and all(inferred.right) and inferred.truth[:2] == ["no", "yes"]
    nothing = infer(known.shown, 0 * signal[0], targets.shown, 0 * signal[1])[0]
    assert np.mean(nothing.right) == 0.5


def test_an_attribute_of_few_people_is_not_learned():
    known = album(range(14), 1, same, 1)  # seven of each value
    features = np.zeros((14, 2))
    assert infer(known.shown, features, known.shown, features) == []
