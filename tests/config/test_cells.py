"""The cells that a study asks for."""

from types import SimpleNamespace

import pytest

from anonbench.config.cells import Cell, Variant, anonymized, expand, images_of


def block(**changes):
    keys = {
        "datasets": ["d"],
        "models": ["m"],
        "regions": ["face", "body"],
        "methods": ["blur", "mask_out"],
        "levels": ["low"],
        "seeds": [0, 1],
        "draws": [0],
        "labels": ["kept"],
        "evaluate_on": ["original"],
    }
    return SimpleNamespace(**{**keys, **changes})


def never(variant):
    return False


def test_a_block_is_a_product_with_one_baseline_per_seed():
    cells = expand([block()], never)
    assert len(cells) == 2 * (1 + 2 * 2)
    assert [cell for cell in cells if cell.variant == "original"] == [
        Cell("d", "m", "original", seed, "original") for seed in (0, 1)
    ]


def test_overlapping_blocks_give_each_cell_once():
    assert expand([block(), block(regions=["face"])], never) == expand([block()], never)


def test_evaluation_on_anonymized_images_still_has_the_plain_baseline():
    cells = expand([block(evaluate_on=["anonymized"], seeds=[3])], never)
    assert Cell("d", "m", "original", 3, "original") in cells
    assert not [cell for cell in cells if cell.variant == "original" and cell.evaluated_on == "anonymized"]


def test_a_crossed_block_shows_every_variant_to_the_originals_model():
    crossed = expand([block(evaluate_on=["crossed"], seeds=[0])], never)
    variants = ["body-blur-low", "body-mask_out-low", "face-blur-low", "face-mask_out-low"]
    assert crossed == [Cell("d", "m", "original", 0, on) for on in sorted([*variants, "original"])]
    assert anonymized(crossed) == {("d", "val", variant) for variant in variants}
    whole = expand([block(evaluate_on=["original", "anonymized", "crossed"], seeds=[0])], never)
    assert {(cell.variant, cell.evaluated_on) for cell in whole if "face" not in cell.variant + cell.evaluated_on} == {
        ("original", "original"), *(("original", v) for v in variants[:2]),
        *((v, on) for v in variants[:2] for on in ("original", "anonymized")),
    }  # fmt: skip
    assert anonymized(whole) == {("d", split, variant) for split in ("train", "val") for variant in variants}
    assert anonymized(expand([block()], never)) == {("d", "train", variant) for variant in variants}


def test_the_images_that_a_model_is_evaluated_on():
    assert Cell("d", "m", "face-blur-low", 0, "original").shown == "original"
    assert Cell("d", "m", "face-blur-low", 0, "anonymized").shown == "face-blur-low"
    assert Cell("d", "m", "original", 0, "body-gan-low").shown == "body-gan-low"


def test_what_is_random_is_drawn_as_often_as_is_asked_for_and_the_rest_once():
    def variants(draws):
        drawn = block(draws=draws, regions=["body"], seeds=[0], evaluate_on=["original", "crossed"])
        cells = expand([drawn], lambda variant: variant.method == "blur")
        assert {cell.evaluated_on for cell in cells} - {"original"} == {cell.variant for cell in cells} - {"original"}
        return sorted({cell.variant for cell in cells} - {"original"})

    assert variants([0, 1, 12]) == [
        "body-blur-low", "body-blur-low-draw1", "body-blur-low-draw12", "body-mask_out-low",
    ]  # fmt: skip
    assert variants([2]) == ["body-blur-low-draw2", "body-mask_out-low"]
    assert variants([0]) == ["body-blur-low", "body-mask_out-low"]


def test_the_draw_is_a_part_of_a_variants_name():
    assert Variant.parse("body-gan-low-draw12") == Variant("body", "gan", "low", 12)
    assert Variant.parse("body-gan-low") == Variant("body", "gan", "low", 0)


def test_labels_that_are_remade_are_a_part_of_its_name():
    assert Variant.parse("body-gan-low-draw1-remade") == Variant("body", "gan", "low", 1, "remade")
    assert Variant.parse("body-gan-low-remade") == Variant("body", "gan", "low", labels="remade")
    assert Variant.parse("body-gan-low").labels == Variant().labels == "kept"
    assert images_of("body-gan-low-draw1-remade") == "body-gan-low-draw1" and images_of("original") == "original"


def test_trainings_on_both_labels_share_the_variants_images():
    both = block(regions=["body"], methods=["gan"], seeds=[0], draws=[0, 1], labels=["kept", "remade"])
    both.evaluate_on = ["original", "anonymized", "crossed"]
    cells = expand([both], lambda variant: True)
    assert anonymized(cells) == {
        ("d", split, f"body-gan-low{draw}") for split in ("train", "val") for draw in ("", "-draw1")
    }
    assert {(cell.variant, cell.evaluated_on, cell.shown) for cell in cells} == {
        ("original", "original", "original"),
        *(("original", f"body-gan-low{draw}", f"body-gan-low{draw}") for draw in ("", "-draw1")),
        *((f"body-gan-low{draw}{labels}", on, shown) for draw in ("", "-draw1") for labels in ("", "-remade")
          for on, shown in (("original", "original"), ("anonymized", f"body-gan-low{draw}"))),
    }  # fmt: skip
    both.labels, both.evaluate_on = ["remade"], ["original"]
    assert {cell.variant for cell in expand([both], never)} == {"original", "body-gan-low-remade"}


@pytest.mark.parametrize(
    "text", ["original", "face-blur-low", "body-mask_out-very_high", "body-gan-low-draw3", "a-b-c-draw2-remade"]
)
def test_variant_names_round_trip(text):
    assert str(Variant.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "blur",
        "face-blur",
        "face-blur-low-er",
        "face--low",
        "a-b-c-draw0",
        "a-b-c-draw",
        "a-b-draw1",
        "a-b-c-draw1-draw2",
        "original-remade",
        "a-b-remade",
        "a-b-c-remade-draw1",
        "a-b-c-remade-remade",
    ],
)
def test_other_names_are_refused(text):
    with pytest.raises(ValueError, match="not a variant"):
        Variant.parse(text)


def test_the_path_of_a_cell():
    assert Cell("d", "m", "face-blur-low", 7, "anonymized").path == (
        "results/cells/d/m/face-blur-low/seed7/anonymized.json"
    )
