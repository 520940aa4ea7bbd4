"""The answer in words: what intervals and verdicts say, and no more."""

from __future__ import annotations

import pandas as pd
import pytest

from anonbench.report.answer import answers, points
from anonbench.report.names import leading
from anonbench.report.noise import with_noise
from tests.helpers.found import found


def drops_of(**variants: tuple[float, str]) -> pd.DataFrame:
    """The pose's drops of ``found``, with these drops and verdicts by method of faces; no other variant."""
    drops = found().drops
    rows = drops[
        (drops.task == "pose") & (drops.scope == "all") & (drops.region == "face") & drops.method.isin(variants)
    ]
    drop = rows.method.map({method: drop for method, (drop, _) in variants.items()})
    verdict = rows.method.map({method: verdict for method, (_, verdict) in variants.items()})
    return rows.assign(drop=drop, low=drop - 0.005, high=drop + 0.005, verdict=verdict)


def said(drops: pd.DataFrame, **other) -> list[str]:
    (answer,) = answers(found(drops=drops, **other))
    return list(answer.sentences)


def test_every_verdict_has_its_sentence_and_the_order_is_by_drop() -> None:
    drops = drops_of(
        blur=(0.03, "costs"), gan=(0.02, "costs"), inpaint=(0.001, "equivalent"), pixelate=(-0.02, "gains"),
        mask_out=(0.004, "undetermined"),
    )  # fmt: skip
    (answer,) = answers(found(drops=drops))
    assert answer.title == "Pose"
    assert answer.rows.method.tolist() == ["pixelate", "inpaint", "mask_out", "gan", "blur"]
    assert list(answer.sentences) == [
        "Equivalent to no anonymization, within 1 AP point: face · inpaint.",
        "Better than without anonymization: face · pixelate (−2.0 points).",
        "A cost is shown for 2 variants, from face · gan (2.0 points) to face · blur (3.0 points).",
        "Undetermined: face · mask out; a drop of 1.2 points would have been found.",
    ]


def test_none_equivalent_is_said() -> None:
    assert said(drops_of(blur=(0.03, "costs")))[:2] == [
        "No variant is shown to be equivalent to no anonymization within 1 AP point.",
        "A cost is shown for face · blur (3.0 points).",
    ]


def test_one_seed_has_no_verdict_whatever_the_interval() -> None:
    drops = drops_of(blur=(0.03, ""), gan=(0.001, "")).assign(lower_bound=True)
    assert said(drops) == [
        "The AP drops least with face · gan (0.1 points) and most with face · blur (3.0 points).",
        "One seed a variant: no verdict, and every interval is too narrow.",
    ]


def test_of_a_single_variant_none_is_the_least() -> None:
    drops = drops_of(blur=(0.03, "")).assign(lower_bound=True)
    assert said(drops)[0] == "The AP drops with face · blur (3.0 points)."


def test_without_a_baseline_nothing_is_said_of_a_drop() -> None:
    drops = drops_of(blur=(float("nan"), ""))
    assert said(drops) == ["No variant has been evaluated together with its baseline yet."]


def test_the_hardest_hit_category_is_named() -> None:
    findings = found()
    detection = next(iter(answers(findings)))
    assert detection.sentences[-1].startswith("The category that loses most is person: ")


def test_several_datasets_and_models_are_told_apart() -> None:
    titles = [answer.title for answer in answers(found(datasets=("coco", "street")))]
    assert titles[:3] == ["Detection (coco)", "Instance segmentation (coco)", "Pose (coco)"]


def test_the_noise_floor_is_students_bound_of_two_means() -> None:
    summary = found(seeds=3).summary
    of = (summary.task == "pose") & (summary.method == "original") & (summary.metric == "AP") & (summary.scope == "all")
    summary.loc[of, "value"] = [0.60, 0.61, 0.62]
    # t(0.975, 2) = 4.3027, sd 1 point, sqrt(2 / 3)
    (answer,) = answers(found(drops=drops_of(blur=(0.03, "costs")), summary=summary))
    assert answer.noise == pytest.approx(3.5131, abs=1e-3)
    (answer,) = answers(found(drops=drops_of(blur=(0.03, "costs")), summary=summary[summary.seed == 0]))
    assert answer.noise is None


def test_the_noise_floor_of_a_drop_is_that_of_its_own_metric() -> None:
    findings = found()
    drops = with_noise(findings.drops, findings.summary, 0.95)
    pd.testing.assert_frame_equal(drops.drop(columns="noise"), findings.drops)
    summary = findings.summary
    for row in drops.sample(20, random_state=0).itertuples():
        mine = summary[(summary.method == "original") & (summary.task == row.task) & (summary.metric == row.metric)]
        spread = mine[(mine.scope == row.scope) & (mine.category == row.category)].value.std(ddof=1)
        assert row.noise == pytest.approx(4.302653 * spread * (2 / 3) ** 0.5, rel=1e-6)
    elsewhere = summary.assign(evaluated_on="body-blur-low")
    assert with_noise(findings.drops, elsewhere, 0.95).noise.isna().all()


def test_where_there_are_other_categories_people_lead() -> None:
    drops = drops_of(blur=(0.03, "costs"), gan=(0.02, "costs"))
    people = drops.assign(scope="who", category="people", drop=drops["drop"] + 0.1)
    rows = leading(pd.concat([drops, people, people.assign(category="others")]))
    assert rows.measure.tolist() == ["AP of people"] * 2 and rows["drop"].tolist() == pytest.approx([0.13, 0.12])
    assert leading(drops).measure.tolist() == ["AP"] * 2
    others = people.assign(category="others", drop=people.method.map({"blur": 0.01, "gan": 0.003}))
    sentences = said(pd.concat([drops, people, others]).assign(lower_bound=True))
    assert sentences[0].startswith("The AP of people drops least")
    assert sentences[-1] == "All other categories lose at most 1.0 points, with face · blur."


@pytest.mark.parametrize(
    ("fraction", "text"), [(0.123, "12.3"), (-0.0004, "0.0"), (-0.021, "−2.1"), (float("nan"), "–")]
)
def test_points(fraction: float, text: str) -> None:
    assert points(fraction) == text
