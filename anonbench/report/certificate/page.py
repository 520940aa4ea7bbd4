"""A certificate as a page that prints on one sheet of A4."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from anonbench.common.files import json_text
from anonbench.report.certificate.record import Certificate, Reached, Remembered
from anonbench.report.certificate.texts import FOLDER, STYLE, TEMPLATE
from anonbench.report.names import words
from anonbench.report.risk.outcomes import GALLERIES, RANK1
from anonbench.report.templates import templates
from anonbench.report.theme import FONT, LIGHT, css
from anonbench.variants.audit import Audit

MOST_ROWS = 10  # of attacks on the sheet; the file beside it has all
_CRITERIA = {
    "published": "linked with all that a published image shows",
    "linked": "two anonymized photographs linked",
    "singled_out": "singled out",
    "found": "face still found",
}
_MISSED = {
    "left": "left as they were",
    "left_on_purpose": "left visible on purpose",
}
_PEOPLE_MISSED = {
    "no_face_found": "with no face found",
    "unannotated_left": "not annotated, left visible",
    "not_located": "not located",
}


def page(certificate: Certificate, sha256: str) -> str:
    """The certificate as HTML, from which no request goes out.

    Parameters
    ----------
    certificate
        What it says.
    sha256
        Of the certificate's file, so that who signs the sheet signs for the file as well.
    """
    environment = templates(FOLDER)
    environment.filters |= {
        "words": words, "percent": percent, "points": points, "missed": missed, "reasons": reasons, "number": number,
        "first_line": lambda text: text.partition("\n")[0], "plain": plain, "criterion": criterion,
    }  # fmt: skip
    headlines = sorted(
        (one for one in certificate.reached if one.headline), key=lambda one: -(one.excess_high or 0)
    )  # fmt: skip
    return environment.get_template(TEMPLATE.name).render(
        card=certificate,
        subject=certificate.subject,
        sha256=sha256,
        # Those of attacks are in the file; the table that is made of them stands for them here.
        files=[one for one in certificate.files if not one.path.startswith("results/attacks/")],
        headlines=headlines[:MOST_ROWS],
        more=len(headlines[MOST_ROWS:]),
        further=further(certificate.reached),
        remembered=[(one, tests(one)) for one in certificate.remembered],
        style=Markup(STYLE.read_text(encoding="utf-8")),
        colours=Markup(css(LIGHT)),
        font=Markup(FONT),
    )


def further(reached: Sequence[Reached]) -> list[Reached]:
    """Of every further criterion the row with the highest upper end: links of what a published image shows, and among
    anonymized photographs, in the gallery that counts; people singled out, attributes inferred, faces found."""
    found: dict[str, Reached] = {}
    for one in map(_further, reached):
        if one and (one.criterion not in found or _upper(one) > _upper(found[one.criterion])):
            found[one.criterion] = one
    return sorted(found.values(), key=lambda one: (list(_CRITERIA).index(one.criterion) if one.criterion in _CRITERIA
                  else len(_CRITERIA), one.criterion))  # fmt: skip


def tests(remembered: Remembered) -> list[tuple[str, str, str]]:
    """What was found of a generator's memory, in words, figures and the control's figures."""
    figures = remembered.figures

    def interval(name: str) -> str:
        return f"{figures[name]:.2f} [{figures[name + '_low']:.2f}, {figures[name + '_high']:.2f}]"

    def share(name: str) -> str:
        return f"{percent(figures[name])} [{percent(figures[name + '_low'])}, {percent(figures[name + '_high'])}]"

    return [
        ("who was learned from, told from others: area under the ROC curve", interval("membership_auc"),
         interval("membership_control_auc")),
        ("… found at 1 false alarm in 100", share("membership_tpr_1e-2"), share("membership_control_tpr_1e-2")),
        ("generated people nearer to training people than real others are: area", interval("copying_auc"),
         interval("copying_control_auc")),
        ("generated people nearest to the person whom they replace; control: in places not learned from",
         share("nearest_is_own_share"), share("nearest_is_own_others")),
        ("median distance of generated people to the nearest training person; control: of real others",
         number(figures["nearest_member_generated"], 3), number(figures["nearest_member_real"], 3)),
    ]  # fmt: skip


def _further(one: Reached) -> Reached | None:
    """The row under its further criterion; None of what has none."""
    hidden, counts = one.surroundings == "hidden", one.gallery <= GALLERIES[0]
    if one.criterion == RANK1:
        return one.model_copy(update={"criterion": "published"}) if counts and not hidden else None
    if one.criterion == "linked":
        return one if counts and hidden else None
    if one.criterion == "singled_out":
        return one if hidden else None
    return one if one.criterion == "found" or one.criterion.startswith("inferred:") else None


def _upper(one: Reached) -> float:
    return one.high if one.excess_high is None else one.excess_high


def criterion(name: str) -> str:
    """What a criterion asks, in words."""
    attribute = name.partition("inferred:")[2]
    return f"{words(attribute)} inferred" if attribute else _CRITERIA.get(name, words(name))


def missed(audit: Audit) -> str:
    """Whom an anonymization missed, by reason."""
    found = [(getattr(audit, name), text) for name, text in _MISSED.items()]
    found += [(getattr(audit.people, name), text) for name, text in _PEOPLE_MISSED.items()]
    if audit.people.images_hidden:
        found.append((audit.people.images_hidden, "images hidden for them"))
    return "; ".join(f"{count} {text}" for count, text in found if count) or "nobody"


def reasons(audit: Audit) -> str:
    """How many regions were masked out in place of the method, and why."""
    total = sum(audit.masked_out.values())
    why = ", ".join(f"{words(reason)}: {count}" for reason, count in audit.masked_out.items())
    return f"{total} ({why})" if total else "0"


def percent(value: float | None) -> str:
    """A fraction of 1 as per cent; a dash where it is not known."""
    return "–" if value is None else f"{number(100 * value, 1)} %"


def points(value: float | None) -> str:
    """The same in AP points."""
    return "–" if value is None else number(100 * value, 1)


def number(value: float | None, digits: int = 2) -> str:
    """With a true minus sign, and none before a zero."""
    if value is None:
        return "–"
    text = f"{value:.{digits}f}"
    return (text.lstrip("-") if not text.strip("-0.") else text).replace("-", "−")


def plain(value: object) -> str:
    """Parameters as people read them: `sigma: 0.1, grow: 0`."""
    if isinstance(value, dict):
        return ", ".join(f"{key}: {plain(one)}" for key, one in value.items() if one is not None)
    return str(value) if isinstance(value, str | int | float) else json_text(value)
