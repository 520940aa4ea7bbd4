"""Links probes with a gallery: who is compared with whom, and how well it went."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from anonbench.attacks.people import Album
from anonbench.attacks.record import ALL, OTHER_CLOTHES, SAME_CLOTHES, Linked

FAR = (1e-2, 1e-3)
MARGIN = 0.99  # the quantile of impostors' margins that singling out has to exceed


@dataclass(frozen=True)
class Setting:
    """A comparison: indices of the gallery's photographs, one a person, and of the probes'."""

    name: str
    gallery: np.ndarray
    probes: np.ndarray


def settings(people: Album) -> Iterator[Setting]:
    """The comparisons of some people; a probe is always another photograph than the gallery's.

    The gallery has the first photograph of everybody who has another one. Bodies of datasets that say what people wear
    are compared in the same and in other clothes, and everybody else in one setting.
    """
    identities = people.identities
    firsts = {identity: index for index, identity in reversed(list(enumerate(identities.tolist())))}
    counts = dict(zip(*np.unique(identities, return_counts=True), strict=True))
    gallery = np.array(sorted(i for identity, i in firsts.items() if counts[identity] > 1), int)
    probes = np.array([i for i, who in enumerate(identities.tolist()) if counts[who] > 1 and i != firsts[who]], int)
    if not len(probes):
        return
    if people.region == "face" or any(people[i].outfit is None for i in (*gallery, *probes)):
        yield Setting(ALL, gallery, probes)
        return
    same = np.array([people[i].outfit == people[firsts[identities[i]]].outfit for i in probes])
    for name, chosen in ((SAME_CLOTHES, probes[same]), (OTHER_CLOTHES, probes[~same])):
        if len(chosen):
            yield Setting(name, gallery, chosen)


def link(setting: Setting, identities: np.ndarray, clear: np.ndarray, among: np.ndarray) -> Linked:
    """The outcome of a comparison.

    Parameters
    ----------
    setting
        Who is compared.
    identities
        (N,) of all photographs.
    clear
        (N, N) similarity of each photograph as a probe, in the rows, with each as the gallery has it.
    among
        (N, N) the same where the gallery is anonymized, too, and seen as a probe is.
    """
    right = identities[setting.probes][:, None] == identities[setting.gallery]
    scores = clear[np.ix_(setting.probes, setting.gallery)]
    genuine, wrong = scores[right], scores[~right]
    better, tied = _ranks(scores, right)
    others = among[np.ix_(setting.probes, setting.gallery)]
    among_better, among_tied = _ranks(others, right)
    accepted = [genuine > _threshold(wrong, rate) for rate in FAR]
    return Linked(
        setting=setting.name,
        gallery=len(setting.gallery),
        identities=identities[setting.probes].tolist(),
        better=better.tolist(),
        tied=tied.tolist(),
        accepted_2=accepted[0].tolist(),
        accepted_3=accepted[1].tolist(),
        singled_out=_singled_out(scores, right).tolist(),
        eer=equal_error_rate(genuine, wrong),
        among_better=among_better.tolist(),
        among_tied=among_tied.tolist(),
    )


def _ranks(scores: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each row, how many wrong columns score higher than the right one, and how many the same."""
    genuine = scores[right][:, None]
    return ((scores > genuine) & ~right).sum(1), ((scores == genuine) & ~right).sum(1)


def _threshold(wrong: np.ndarray, rate: float) -> float:
    """The score that at most this rate of wrong pairs exceeds."""
    return float(np.quantile(wrong, 1 - rate, method="higher")) if wrong.size else np.inf


def _singled_out(scores: np.ndarray, right: np.ndarray) -> np.ndarray:
    if scores.shape[1] < 3:
        return np.zeros(len(scores), bool)
    wrong = np.where(right, -np.inf, scores)
    second, first = np.partition(wrong, -2, axis=1)[:, -2:].T
    return scores[right] - first > np.quantile(first - second, MARGIN, method="higher")


def equal_error_rate(genuine: np.ndarray, wrong: np.ndarray) -> float:
    """Where as many right pairs are refused as wrong ones are accepted, between the ROC curve's points."""
    # Not above: the configuration is checked against the attacks before any job runs, and scikit-learn takes its time.
    from sklearn.metrics import roc_curve

    truth = np.repeat([1, 0], [len(genuine), len(wrong)])
    accepted, kept, _ = roc_curve(truth, np.concatenate([genuine, wrong]))
    return float(np.interp(0, accepted - (1 - kept), accepted))
