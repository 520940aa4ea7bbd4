"""What a certificate does not show."""

from __future__ import annotations

from anonbench.report.certificate.subject import Subject

NO_PROOF = (
    "No figure on this page, and not all of them together, makes data anonymous. Whether people can be identified"
    " depends on who tries, on what else they know, and on what the law asks; that is for people to judge."
)
_OTHERS = (
    "Other attackers may reach more: those with better networks, more data or more patience, and those who try what"
    " is listed as missing.",
    "Others may be better known than the people who were attacked here: the figures hold for the people of {attacked},"
    " the quality of their photographs, and galleries of the stated size.",
    "Context identifies, too: place, time, company, vehicles, lettering, gait over several images, and whatever is"
    " known besides the images. An attack saw the region alone, unless its parameters say that surroundings are shown.",
    "Only regions that were annotated or found are anonymized. People whom nobody annotated and no detector found are"
    " as they were, and no count on this page includes them.",
)
_FACE = "Only faces are changed: body, hair, clothes and posture stay, and so does whoever is known by them."
_LEARNED = (
    "The generated people resemble those whom the generator learned from. The figures of its memory bound what this"
    " attack finds, not what the generator has stored."
)
_SHARE = (
    "Only a share of {share:.0%} of the people is anonymized. The others are visible on purpose: this variant is for"
    " measuring alone and must not be passed on as anonymized."
)


def limits_of(subject: Subject) -> list[str]:
    """What the certificate of a variant does not show, the most important first."""
    found = [_SHARE.format(share=subject.share)] if subject.share < 1 else []
    found += [NO_PROOF, *(text.format(attacked=" and ".join(subject.attacked)) for text in _OTHERS)]
    if subject.region == "face":
        found.append(_FACE)
    if subject.generators:
        found.append(_LEARNED)
    return found
