"""What a certificate says: its values, what it finds missing, and the sheet."""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from anonbench.attacks.record import AttackResult
from anonbench.common.records import read_record, write_record
from anonbench.regions.files import RegionCounts
from anonbench.report.certificate.issue import certificate, in_a_line
from anonbench.report.certificate.limits import NO_PROOF
from anonbench.report.certificate.page import further, number, page, percent, plain
from anonbench.report.certificate.record import Certificate, File
from anonbench.report.certificate.subject import Attack, Subject
from anonbench.report.risk.table import COLUMNS
from anonbench.variants.audit import Audit, VariantAudit
from tests.helpers.found import found

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FIGURES = {
    f"{name}_{end}": value
    for name, value in {
        "membership_auc": 0.612, "membership_control_auc": 0.503, "membership_tpr_1e-2": 0.04,
        "membership_control_tpr_1e-2": 0.01, "copying_auc": 0.71, "copying_control_auc": 0.69,
        "nearest_is_own_share": 0.12, "nearest_is_own_control": 0.03, "nearest_is_own_others": 0.11,
    }.items()
    for end in ("", "low", "high")
}  # fmt: skip
FIGURES = {name.rstrip("_"): value for name, value in FIGURES.items()}
FIGURES |= {"nearest_member_generated": 0.164, "nearest_member_real": 0.163}


def subject(**other) -> Subject:
    what = {
        "dataset": "street", "variant": "body-gan-medium", "region": "body", "method": "gan", "level": "medium",
        "plugin": "gan", "does": "Fill each region with <somebody> else.\nAfter others.",
        "parameters": {"grow": 0.02, "kind": "style_unet", "command": None}, "share": 1.0, "seed": 3,
        "attacked": ["passport"],
        "attacks": [
            Attack(name="naive", plugin="naive", does="Compares.\nA0.", parameters={"seed": 0}),
            Attack(name="parrot", plugin="parrot", does="Learns.", parameters={"seed": 1, "surroundings": "shown"}),
            Attack(name="memory", plugin="memory", does="Asks.", parameters={"seed": 0}),
        ],
        "not_tried": ["adaptive"], "generators": ["street_body"], "configuration": {"statistics": {"seed": 0}},
        "code": {"anonymizing": "a" * 64}, "confidence": 0.95, "margin": 0.01,
    }  # fmt: skip
    return Subject(**what | other)


def row(**other) -> dict:
    what = {
        "serves": "street", "dataset": "passport", "region": "body", "method": "gan", "level": "medium",
        "variant": "body-gan-medium", "attack": "naive", "surroundings": "hidden", "setting": "same_clothes",
        "gallery": 100, "criterion": "rank1", "headline": True, "identities": 100, "probes": 250, "value": 0.06,
        "low": 0.04, "high": 0.09, "control": 0.04, "clear": 0.8, "chance": 0.01, "excess": 0.021, "excess_low": -0.01,
        "excess_high": 0.052,
    }  # fmt: skip
    return what | other


def privacy(*rows: dict) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=COLUMNS)


ROWS = (
    row(),
    row(attack="parrot", value=0.1, excess=0.063, excess_low=0.02, excess_high=0.1234),
    row(attack="parrot", setting="other_clothes", value=0.08, excess=0.07, excess_low=0.04, excess_high=0.11),
    row(attack="parrot", gallery=1000, headline=False, excess_high=0.9),
    row(criterion="singled_out", headline=False, value=0.01, excess=0.01, excess_high=0.03),
    row(criterion="linked", headline=False, value=0.2, excess=0.2, excess_high=0.25),
    row(criterion="linked", gallery=1000, headline=False, value=0.1, excess=0.9, excess_high=0.95),
    row(criterion="inferred:glasses", gallery=0, setting="all", headline=False, excess=0.3, excess_high=0.4),
    row(criterion="inferred:glasses", gallery=0, setting="all", headline=False, attack="parrot", excess_high=0.45),
    row(serves="elsewhere", excess_high=0.99),
    row(variant="body-blur-medium", excess_high=0.98),
)


def audit(dataset: str, split: str, **people) -> VariantAudit:
    counts = RegionCounts(**{"people": 320, "regions": 318, "annotated": 318} | people)
    what = Audit(
        people=counts, changed=310, masked_out={"too_small": 6, "output_constant": 2}, outside=0, left=0, shares=[]
    )
    return VariantAudit(dataset=dataset, split=split, variant="body-gan-medium", audit=what)


def result(**other) -> AttackResult:
    what = {
        "dataset": "passport", "variant": "body-gan-medium", "region": "body", "attack": "memory", "plugin": "memory",
        "seed": 0, "surroundings": "hidden", "known": 10, "targets": 10, "photographs": 40, "figures": FIGURES,
    }  # fmt: skip
    return AttackResult(**what | other)


FILE = File(path="results/privacy.csv", sha256="b" * 64)


def issued(**other) -> Certificate:
    what = {
        "subject": subject(), "privacy": privacy(*ROWS), "drops": found().drops, "attacks": [result()],
        "audits": [audit("passport", "val"), audit("street", "train", no_face_found=4, unannotated_left=5)],
        "files": [FILE, File(path="results/attacks/x.json", sha256="c" * 64)], "versions": {"anonbench": "1.2"},
    }  # fmt: skip
    return certificate(**what | other)


def text_of(html: str) -> str:
    class Reader(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.parts, self.skip = [], False

        def handle_starttag(self, tag, attrs):
            self.skip = tag in ("style", "script")

        def handle_endtag(self, tag):
            self.skip = False

        def handle_data(self, data):
            if not self.skip:
                self.parts.append(data)

    reader = Reader()
    reader.feed(html)
    return " ".join(" ".join(reader.parts).split())


def test_the_bound_is_the_highest_upper_end_of_the_headlines_of_this_variant_and_dataset() -> None:
    card = issued()
    assert (card.bound.attack, card.bound.setting, card.bound.excess_high) == ("parrot", "same_clothes", 0.1234)
    assert len(card.reached) == 9
    assert in_a_line(card).startswith("at most 12.3% of people linked beyond their outlines, by parrot; 1 things")


def test_without_a_control_an_attack_gives_no_bound() -> None:
    none = dict.fromkeys(("control", "clear", "excess", "excess_low", "excess_high"), float("nan"))
    card = issued(privacy=privacy(row(**none), row(attack="parrot", excess_high=0.05)))
    assert card.bound is None and card.reached[0].excess is None
    assert "What naive reaches beyond outlines is not known" in card.missing[0]
    card = issued(privacy=privacy(row(attack="parrot", surroundings="shown", headline=False, excess_high=0.05)))
    assert card.bound is None and "No attack linked people" in card.missing[0]
    assert "not known" in text_of(page(card, "0" * 64))


def test_costs_are_the_leading_metrics_with_their_verdicts() -> None:
    drops = found().drops
    remade = drops.assign(labels="remade", drop=drops["drop"] + 0.1)
    card = issued(drops=pd.concat([remade, drops], ignore_index=True))
    assert [cost.task for cost in card.costs] == ["detection", "instance_segmentation", "pose"]
    rows = drops[(drops.method == "gan") & (drops.region == "body") & (drops.metric == "AP") & (drops.scope == "all")]
    for cost in card.costs:
        expected = rows[rows.task == cost.task].iloc[0]
        assert (cost.drop, cost.low, cost.high) == (expected["drop"], expected.low, expected.high)
        assert cost.verdict == expected.verdict and cost.seeds == 3 and not cost.one_seed


def test_coverage_begins_with_the_dataset_itself_and_memory_is_found_by_its_figures() -> None:
    card = issued(attacks=[result(attack="naive", figures={"psnr": 20.0}), result()])
    assert [(one.dataset, one.split) for one in card.coverage] == [("street", "train"), ("passport", "val")]
    assert [one.attack for one in card.remembered] == ["memory"]
    assert card.remembered[0].figures["membership_auc"] == 0.612


def missing(**other) -> str:
    return "\n".join(issued(**other).missing)


def test_what_is_missing_is_said() -> None:
    assert issued().missing == ["No attack of the kind adaptive was made."]
    assert "No model was trained on this variant" in missing(drops=found().drops.iloc[:0])
    assert "does not anonymize street in this way" in missing(audits=[audit("passport", "val")])
    assert "Nobody asked what street_body remembers" in missing(attacks=[])
    assert "remembers" not in missing(attacks=[], subject=subject(generators=[]))
    assert "The smallest gallery has 45 people only" in missing(privacy=privacy(row(gallery=45)))
    assert "detection (mask-rcnn) is of one seed" in missing(drops=found(seeds=1).drops.assign(lower_bound=True))
    idle = "The attack naive hardly links"
    assert idle in missing(privacy=privacy(row(clear=0.13, control=0.04), ROWS[1]))
    assert idle not in missing(privacy=privacy(row(clear=0.15, control=0.04), ROWS[1]))


def test_what_no_certificate_shows_is_always_said() -> None:
    assert issued().limits[0] == NO_PROOF and "makes data anonymous" in NO_PROOF
    assert "people of passport" in "\n".join(issued().limits)
    assert any("resemble those whom the generator learned from" in one for one in issued().limits)
    face = issued(subject=subject(region="face", variant="face-gan-medium", generators=[])).limits
    assert any(one.startswith("Only faces are changed") for one in face)
    assert not any("resemble" in one for one in face)
    assert issued(subject=subject(share=0.25)).limits[0].startswith("Only a share of 25% of the people is anonymized")


def test_a_share_is_said_first_on_the_page_and_the_warning_all_the_same() -> None:
    text = text_of(page(issued(subject=subject(share=0.25)), "0" * 64))
    assert text.index("Only a share of 25%") < text.index("No figure on this page") < text.index("What an attacker")


def test_the_record_is_read_again_and_has_these_keys(tmp_path: Path) -> None:
    card = issued()
    write_record(tmp_path / "card.json", card)
    assert read_record(Certificate, tmp_path / "card.json") == card
    raw = json.loads((tmp_path / "card.json").read_text())
    assert raw["format"] == "anonbench certificate 1"
    assert list(raw) == [
        "format", "subject", "bound", "reached", "remembered", "coverage", "costs", "missing", "limits", "files",
        "versions",
    ]  # fmt: skip
    assert list(raw["subject"]) == [
        "dataset", "variant", "region", "method", "level", "plugin", "does", "parameters", "share", "seed", "attacked",
        "attacks", "not_tried", "generators", "configuration", "code", "confidence", "margin",
    ]  # fmt: skip
    assert list(raw["bound"]) == [
        "dataset", "attack", "surroundings", "setting", "gallery", "criterion", "headline", "identities", "probes",
        "value", "low", "high", "control", "clear", "chance", "excess", "excess_low", "excess_high", "idle",
    ]  # fmt: skip
    assert [file["path"] for file in raw["files"]] == ["results/attacks/x.json", "results/privacy.csv"]


def test_the_sheet_has_the_values() -> None:
    html = page(issued(), "d" * 64)
    text = text_of(html)
    for part in (
        "street: body · gan · medium",
        "Fill each region with <somebody> else. gan {grow: 0.02, kind: style_unet}, seed 3, generators: street_body",
        "at most 12.3 % of people beyond what outlines give away (upper end of the 95 % interval; measured 6.3 %), "
        "by the worst attacker: parrot on passport, same clothes.",
        "310 of 318 regions of 320 people of street train; masked out instead: 8 (too small: 6, output constant: 2); "
        "known to be missed: 4 with no face found; 5 not annotated, left visible.",
        "naive passport, same clothes 250 100 6.0 % 4.0 % 80.0 % 1.0 % 2.1 % [−1.0 %, 5.2 %]",
        "parrot passport, other clothes 250 100 8.0 % 4.0 % 80.0 % 1.0 % 7.0 % [4.0 %, 11.0 %]",
        "two anonymized photographs linked naive passport, same clothes 20.0 %",
        "glasses inferred parrot passport",
        "area under the ROC curve 0.61 [0.61, 0.61] 0.50 [0.50, 0.50]",
        "control: in places not learned from 12.0 % [12.0 %, 12.0 %] 11.0 %",
        "0.164 0.163",
        "passport val (attacked) 320 318 310",
        "parrot Learns. {seed: 1, surroundings: shown}",
        "No attack of the kind adaptive was made.",
        "the file beside this page " + "d" * 64,
        "results/privacy.csv " + "b" * 64,
        "anonbench 1.2",
        "Purpose and recipients Name Date Signature",
    ):
        assert part in text, part
    assert text.index("parrot passport, same clothes") < text.index("naive passport, same clothes 250")
    assert "results/attacks/" not in text and "After others." not in text and "<somebody>" not in html
    assert not re.search(r"(src|href)=|url\(|@import", html)


def test_of_many_attacks_the_sheet_has_the_worst_and_says_how_many_more_there_are() -> None:
    rows = [row(attack=f"a{n:02}", excess_high=n / 100) for n in range(14)]
    text = text_of(page(issued(privacy=privacy(*rows)), "0" * 64))
    assert "a13" in text and "a04" in text and "a03" not in text
    assert "4 more, none with a higher upper end" in text


def test_further_criteria_are_those_of_the_gallery_that_counts_and_of_the_worst_attack() -> None:
    shown = {one.criterion: one for one in further(issued().reached)}
    assert list(shown) == ["linked", "singled_out", "inferred:glasses"]
    assert shown["linked"].gallery == 100 and shown["inferred:glasses"].attack == "parrot"


def test_what_a_published_image_gives_away_stands_beside_the_bound() -> None:
    seen = {"attack": "street", "surroundings": "shown", "headline": False}
    rows = [row(**seen, value=0.5, excess_high=0.4), row(**seen, gallery=1000, excess_high=0.6)]
    rows += [row(**seen, criterion=name, excess_high=0.9) for name in ("rank5", "linked", "singled_out")]
    card = issued(privacy=privacy(*ROWS, *rows))
    assert card.bound == issued().bound
    found = {one.criterion: one for one in further(card.reached)}
    assert list(found) == ["published", "linked", "singled_out", "inferred:glasses"]
    assert (found["published"].attack, found["published"].value, found["published"].gallery) == ("street", 0.5, 100)
    assert found["linked"].attack != "street" and found["singled_out"].attack != "street"
    assert "linked with all that a published image shows" in text_of(page(card, "0" * 64))


@pytest.mark.parametrize(
    ("value", "expected"), [(-0.0001, "0.0 %"), (-0.012, "−1.2 %"), (None, "–"), (0.12345, "12.3 %")]
)
def test_fractions_are_per_cent_with_a_true_minus_sign(value: float | None, expected: str) -> None:
    assert percent(value) == expected


def test_parameters_are_as_people_read_them() -> None:
    assert plain({"sigma": 0.1, "command": None, "words": ["a", "b"]}) == 'sigma: 0.1, words: ["a","b"]'
    assert number(-1.5) == "−1.50"


@pytest.mark.slow
@pytest.mark.parametrize("attacks", [2, 12])
def test_it_prints_on_one_sheet(tmp_path: Path, attacks: int) -> None:
    if CHROMIUM is None:
        pytest.skip("needs Chromium in the path")
    from playwright.sync_api import sync_playwright

    rows = [row(attack=f"attack{n:02}", setting=s) for n in range(attacks) for s in ("same_clothes", "other_clothes")]
    many = [Attack(name=f"attack{n:02}", plugin="naive", does="Says much of itself. " * 6, parameters={"seed": n})
            for n in range(attacks)]  # fmt: skip
    card = issued(subject=subject(attacks=many), privacy=privacy(*rows, *ROWS[:9]), attacks=[result(), result()])
    (tmp_path / "card.html").write_text(page(card, "0" * 64), encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        shown = browser.new_page()
        shown.goto((tmp_path / "card.html").as_uri())
        pdf = shown.pdf(prefer_css_page_size=True)
        zoom = shown.evaluate("main.style.zoom || 1")
        browser.close()
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1
    assert 0.7 <= float(zoom) <= 1
