"""Which attacks a configuration asks for, and what is wrong with one that asks for nonsense."""

import pytest
import yaml

from anonbench.common.errors import UserError
from anonbench.common.root import ROOT
from anonbench.config.cells import Variant
from anonbench.config.config import with_defaults
from anonbench.config.privacy import Attacked, PrivacyBlock, expand_attacks
from anonbench.study.checks import load
from anonbench.study.needs import attacks_of, needed_splits, served_by

STUDY = [("scenes", Variant("body", "blur", "low")), ("scenes", Variant("face", "blur", "low"))]
STUDY += [("scenes", Variant("body", "gan", "low", 1)), ("other", Variant("body", "pixelate", "low"))]
BLOCK = {"datasets": ["people"], "serves": ["scenes"], "regions": ["body"], "attacks": ["naive"]}


def names(**changes):
    return [one.variant for one in expand_attacks([PrivacyBlock(**BLOCK | changes)], STUDY)]


def test_a_block_attacks_what_the_study_has_and_both_anchors():
    assert names() == ["body-blur-low", "body-clear", "body-control"]
    both = names(regions=["body", "face"])
    assert both == ["body-blur-low", "body-clear", "body-control", "face-blur-low", "face-clear", "face-control"]


def test_a_block_may_name_its_own_variants():
    own = names(methods=["mask_out"], levels=["low", "high"])
    assert own == ["body-clear", "body-control", "body-mask_out-high", "body-mask_out-low"]


def test_a_block_without_variants_attacks_no_anchors_either():
    assert names(serves=["other"], regions=["face"]) == []
    assert names(serves=["other"], regions=["face", "body"]) == ["body-clear", "body-control", "body-pixelate-low"]


def test_an_attack_knows_its_file_and_its_region():
    attacked = Attacked("people", "body-control", "naive")
    assert attacked.path == "results/attacks/people/body-control/naive.json"
    assert attacked.region == "body" and attacked.made is None
    assert Attacked("p", "face-blur-low", "naive").made == Variant("face", "blur", "low")


PEOPLE = {"format": "scenes", "view": "body", "width": 64, "height": 96, "people": {"identities": 8}}
PEOPLE |= {"splits": {"train": 16, "val": 16}}


def configured(block=None, **changes):
    defaults = ROOT / "config/config.yaml"
    raw = {
        "datasets": {"people": PEOPLE},
        "generators": {"scenes_body": {"serves": ["scenes", "people"]}},
        "attacks": {"naive": {"attack": "naive"}},
        "privacy": [BLOCK | (block or {})],
    }
    return load(with_defaults(raw | changes, defaults))


def test_the_study_of_the_default_configuration_can_be_attacked():
    config = configured()
    assert {one.variant for one in attacks_of(config)} == {
        *(f"body-{method}-medium" for method in ("blur", "pixelate", "mask_out", "inpaint", "gan")),
        "body-clear",
        "body-control",
    }
    assert needed_splits(config)["people"] == ["train", "val"]


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"attacks": ["naiv"]}, r"privacy\[0\].attacks names 'naiv', which attacks does not define"),
        ({"serves": ["scnes"]}, r"privacy\[0\].serves names 'scnes'"),
        ({"methods": ["blur"]}, "only one of methods and levels"),
        ({"methods": ["blur"], "levels": ["lowest"]}, "blur at level 'lowest'"),
        ({"methods": ["drop_images"], "levels": ["all"]}, "leaves out images"),
        ({"surplus": 1}, "privacy\\[0\\].surplus: nothing reads it"),
    ],
)
def test_nonsense_is_refused(block, message):
    with pytest.raises(UserError, match=message):
        configured(block)


def test_an_unknown_attack_is_answered_with_the_known_ones():
    with pytest.raises(UserError) as error:
        configured(attacks={"naive": {"attack": "naive"}, "x": {"attack": "parot"}})
    assert "attacks.x" in error.value.problem and "parrot" in error.value.fix


def test_people_without_identities_cannot_be_attacked():
    with pytest.raises(UserError, match="scenes, which does not say who its people are"):
        configured({"datasets": ["scenes"]})


def test_every_block_sees_the_whole_study():
    blocks = [PrivacyBlock(**BLOCK), PrivacyBlock(**BLOCK | {"regions": ["face"]})]
    assert {one.variant for one in expand_attacks(blocks, iter(STUDY))} >= {"body-blur-low", "face-blur-low"}


def test_generators_have_to_serve_the_attacked_people():
    with pytest.raises(UserError, match="attacks body-gan-medium. The body regions of people need a generator"):
        configured(generators={})


def test_a_block_that_judges_nothing_of_the_study_costs_nothing():
    extra = yaml.safe_load((ROOT / "config/config.yaml").read_text())["datasets"]["scenes"]
    config = configured({"serves": ["spare"]}, datasets={"people": PEOPLE, "spare": extra})
    assert attacks_of(config) == [] and "people" not in needed_splits(config) and served_by(config) == []
    half = configured({"serves": ["scenes", "spare"]}, datasets={"people": PEOPLE, "spare": extra})
    assert served_by(half) == [("people", "body", "scenes")]
