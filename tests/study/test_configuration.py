"""Mistakes in a configuration end in one message that names the key, before any job runs."""

import copy
import re
from dataclasses import replace

import pytest
import yaml
from pydantic import ValidationError
from snakemake.utils import update_config

from anonbench.common.errors import UserError
from anonbench.common.root import ROOT
from anonbench.config.cells import Variant
from anonbench.config.datasets import FilesConfig
from anonbench.config.plugins import FORMATS
from anonbench.study.checks import check_reach, load
from anonbench.study.needs import cells_of, generator_names, is_random, needed_generators, needed_splits
from anonbench.study.plan import plan

DEFAULTS = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
PLAIN = {"kind": "context_encoder", "region": "face", "learns": {"dataset": "scenes"}, "serves": ["scenes"]}
PLAIN |= {"width": 32, "height": 32, "channels": 64, "epochs": 1}


@pytest.fixture(autouse=True)
def in_the_project(monkeypatch):
    monkeypatch.chdir(ROOT)


@pytest.fixture
def raw():
    return copy.deepcopy(yaml.safe_load((ROOT / "config" / "config.yaml").read_text()))


def put(raw, path, value):
    *parents, last = path.split("/")
    for key in parents:
        raw = raw[int(key)] if key.isdigit() else raw[key]
    raw[last] = value


def without_gan(raw):
    """As for a dataset without a split for generators."""
    for block in raw["study"]:
        block["methods"].remove("gan")


def test_the_default_configuration_loads(raw):
    assert load(raw).datasets["scenes"].width == raw["datasets"]["scenes"]["width"]


def on_top(raw, name):
    """The configuration with another file read on top of it, as Snakemake does it."""
    other = yaml.safe_load((ROOT / "config" / name).read_text())
    update_config(raw, other)
    return raw


def test_the_photos_configuration_loads_on_top_of_it(raw):
    config = load(on_top(raw, "photos.yaml"))
    assert {dataset for block in config.study for dataset in block.datasets} == {"pennfudan", "lspet"}


@pytest.fixture
def small(raw):
    return on_top(raw, "small.yaml")


def test_the_small_configuration_is_a_night_on_two_cores(small):
    config = load(small)
    found = plan(config)
    assert (found.cells, found.trainings) == (84, 84)
    assert 20 < sum(stage.core_hours for stage in found.stages) < 24
    assert not any(stage.unknown for stage in found.stages if stage.jobs)
    own = set(config.datasets) - set(DEFAULTS["datasets"])
    assert set(needed_splits(config)) == {"coco", "lfw", "wider_face"} == own
    assert {generator for generator in needed_generators(config)} == set(config.generators) - set(
        DEFAULTS["generators"]
    )


def test_other_benchmarks_join_it_as_the_document_says(small, tmp_path):
    text = (ROOT / "docs" / "studies.md").read_text()
    (more,) = (block for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if "crowdpose" in block)
    update_config(small, yaml.safe_load(more) | {"archives": [str(tmp_path)]})
    config = load(small)
    assert {dataset for block in config.study for dataset in block.datasets} == {"crowdpose", "cityscapes", "bdd100k"}
    assert set(needed_splits(config)) == {"coco", "crowdpose", "cityscapes", "bdd100k", "lfw"}
    (stage,) = (stage for stage in plan(config).stages if stage.name == "models")
    assert stage.unknown == {"the number of people of some datasets"}
    masks = 2 * 33 * 400 * 9 * 0.2 / 3600  # datasets, trainings, images, epochs, seconds
    assert masks <= stage.core_hours < masks + 0.1


def test_the_gpu_sized_photos_configuration_changes_sizes_only(raw):
    small = load(on_top(raw, "photos.yaml"))
    large = load(on_top(raw, "photos-gpu.yaml"))
    assert large.study == small.study
    assert large.models.keys() == small.models.keys()
    assert large.generators.keys() == small.generators.keys()
    for name, generator in large.generators.items():
        if name.split("_")[0] != "scenes":
            assert generator.width > small.generators[name].width
            assert generator.channels >= small.generators[name].channels
            assert generator.kind == small.generators[name].kind


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("metods", {}, "Unknown configuration key metods: nothing reads it. Did you mean 'methods'?"),
        ("datasets/scenes/widht", 3, "key datasets.scenes.widht: nothing reads it. Did you mean 'width'?"),
        ("datasets/scenes/splits/test", 3, "datasets.scenes.splits.test"),
        (
            "datasets/scenes/format",
            "scene",
            "datasets.scenes: there is no dataset format 'scene'. Did you mean 'scenes'?",
        ),
        ("datasets/scenes/width", "wide", "datasets.scenes.width: Input should be a valid integer"),
        ("datasets/a b", {"format": "scenes", "splits": {"train": 1, "val": 1}}, "datasets.a b"),
        ("regions/face/min_size", 3, r"regions.face.min_size: nothing reads it. Did you mean 'min_face_size'?"),
        ("study/0/seed", [1], r"key study\[0\].seed: nothing reads it. Did you mean 'seeds'?"),
        ("study/0/seeds", [], r"study\[0\].seeds"),
        ("study/0/methods", ["blurr"], r"study\[0\].methods names 'blurr', .* Did you mean 'blur'?"),
        ("study/0/models", ["yolo"], r"study\[0\].models names 'yolo'"),
        ("study/0/datasets", ["scene"], r"study\[0\].datasets names 'scene'.* Did you mean 'scenes'?"),
        ("study/0/regions", ["hand"], r"study\[0\].regions\[0\]"),
        ("study/0/levels", ["extreme"], r"study\[0\] asks for blur at level 'extreme', but methods.blur has no param"),
        ("methods/blur/medium", {"sigm": 1}, "key methods.blur.medium.sigm: nothing reads it. Did you mean 'sigma'?"),
        ("methods/blur/medium", {"sigma": -1}, "methods.blur.medium.sigma: Input should be greater than 0"),
        ("methods/blur/very-high", {"sigma": 1}, "methods.blur.very-high"),
        ("methods/blur/medium", {"sigma": 0.1, "share": 1.5}, "methods.blur.medium.share: .* less than or equal to 1"),
        (
            "methods/blur/medium",
            {"sigma": 0.1, "body": {"share": -1}},
            "methods.blur.medium.body.share: .* greater than or equal to 0",
        ),
        ("methods/smear", {"low": {}}, "methods.smear.low: There is no anonymization method 'smear'"),
        ("models/mask-rcnn_demo/config", "config/models/none.py", "config/models/none.py, which does not exist"),
        ("models/mask-rcnn_demo/tasks", ["segmentation"], r"models.mask-rcnn_demo.tasks\[0\]"),
        (
            "methods/blur/medium",
            {"body": {"sigma": -1}},
            "methods.blur.medium.body.sigma: Input should be greater than 0",
        ),
        ("methods/blur/medium", {"body": 0.1}, "methods.blur.medium.body is 0.1"),
        ("methods/blur/medium", {"body": {"sigma": 0.1}}, "methods.blur.medium: .*sigma is needed"),
        ("methods/blur/medium", {"command": ["x"]}, "blur is a built-in method"),
        ("methods/tool", {"medium": {"command": ["x", "{images}"]}}, "methods.tool.medium.command: it lacks {output}"),
        (
            "methods/gan/medium",
            {"grow": 0.1, "coarsness": 0.1},
            "methods.gan.medium.coarsness: nothing reads it. Did you mean 'coarseness'?",
        ),
        ("generators/scenes_body/learn", {}, "generators.scenes_body.learn: nothing reads it. Did you mean 'learns'?"),
        (
            "generators/scenes_body/learns/spilt",
            "generator",
            r"generators.scenes_body.learns\[0\].spilt: .* Did you mean 'split'?",
        ),
        ("generators/scenes_body/learns/dataset", "scene", "generators.scenes_body.learns.dataset names 'scene'"),
        ("generators/scenes_body/serves", ["lspet"], "generators.scenes_body.serves names 'lspet'"),
        ("generators/scenes_face", PLAIN | {"texture": "mean"}, "key generators.scenes_face.texture: nothing reads it"),
        (
            "generators/scenes_body/kind",
            "unet",
            "generators.scenes_body: there is no kind of generator 'unet'. Choose from context_encoder, style_unet.",
        ),
        ("datasets/scenes/splits", {"train": 2, "val": 2}, "learns.split is 'generator', which scenes does not have"),
        ("generators/scenes_body/region", "face", r"study\[0\] asks for gan at medium. The body .* but none is con"),
        ("generators/scenes_face/region", "body", r"study\[1\] asks for gan at medium. The face .* but none is con"),
        ("methods/gan/medium/kind", "context_encoder", "a generator of kind context_encoder, but none is con"),
        ("generators/scenes_body/vgg16", {"file": "x"}, "lacks generators.scenes_body.vgg16.sha256"),
        ("generators/scenes_body/vgg16", {"file": "none.pth", "sha256": "0" * 64}, "none.pth, which does not exist"),
        ("generators/scenes_body/inception", {"file": "x"}, "lacks generators.scenes_body.inception.sha256"),
        ("generators/scenes_body/inception", {"file": "no.pth", "sha256": "0" * 64}, "no.pth, which does not exist"),
        ("runtime/gpu", True, "runtime.gpu: nothing reads it"),
        ("archives", ["nowhere"], r"archives\[0\] names nowhere, which is not a directory"),
        ("datasets/scenes", {"format": "bdd100k", "labels": "polygons"}, "datasets.scenes.labels"),
        ("datasets/scenes", {"format": "coco2017", "generator_share": 1.0}, "datasets.scenes.generator_share"),
        ("datasets/scenes", {"format": "cityscapes", "files": {"images": {"pth": "x"}}}, "pth: .* mean 'path'?"),
        ("datasets/scenes", {"format": "crowdpose", "files": {"images": {"digest": "md5:1"}}}, "images.digest"),
        ("datasets/scenes", {"format": "wider_face"}, "regions asks for body, but scenes has annotated faces only"),
        ("datasets/scenes", {"format": "coco2017"}, "learns.split is 'generator', which scenes does not have"),
    ],
)
def test_a_mistake_names_its_key(raw, path, value, message):
    put(raw, path, value)
    with pytest.raises(UserError, match=message):
        load(raw)


def test_a_method_that_leaves_out_images_or_labels_is_for_training_only(raw):
    raw["study"][0].update({"methods": ["drop_images"], "levels": ["all"], "regions": ["face", "body"]})
    load(raw)
    message = r"study\[0\] evaluates models on what drop_images leaves of scenes; it leaves out images, for training"
    for on in ("anonymized", "crossed"):
        put(raw, "study/0/evaluate_on", ["original", on])
        with pytest.raises(UserError, match=message):
            load(raw)


def test_labels_of_bodies_are_not_removed_to_hide_faces(raw):
    raw["study"][0].update({"methods": ["drop_labels"], "levels": ["all"], "regions": ["body"]})
    load(raw)
    put(raw, "study/0/regions", ["body", "face"])
    with pytest.raises(
        UserError, match=r"study\[0\] asks for drop_labels of faces, but the labels of scenes are of bod"
    ):
        load(raw)
    put(raw, "study", [raw["study"][0] | {"datasets": ["faces"], "regions": ["face"], "models": ["mask-rcnn_demo"]}])
    put(raw, "datasets/faces", {"format": "wider_face"})
    load(raw)


GAN = {"methods": ["gan"], "levels": ["medium"], "regions": ["body"], "labels": ["kept", "remade"]}


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"methods": ["drop_images"], "levels": ["all"]}, "with drop_images, which leaves out images and draws nobody"),
        ({"methods": ["gan", "blur"]}, r"with blur, which draws nobody: the labels say where people are hidden"),
        ({"levels": ["nobody"]}, "with gan at nobody, whose share of people is 0"),
        ({"regions": ["body", "face"]}, "with gan of faces, but the labels of scenes are of bodies, which stay as"),
    ],
)
def test_labels_are_remade_where_what_they_are_of_is_drawn(raw, block, message):
    raw["methods"]["gan"]["nobody"] = {"grow": 0.0, "coarseness": 0.0, "share": 0.0}
    raw["study"] = [raw["study"][0] | GAN]
    assert {"body-gan-medium", "body-gan-medium-remade"} < {cell.variant for cell in cells_of(load(raw))}
    raw["study"][0] |= block
    with pytest.raises(UserError, match=r"study\[0\] asks for re-made labels " + message):
        load(raw)
    put(raw, "study/0/labels", ["kept"])
    load(raw)


def test_labels_of_faces_are_remade_where_a_dataset_has_no_others(raw):
    raw["study"] = [raw["study"][0] | GAN | {"regions": ["face"], "datasets": ["faces"], "models": ["mask-rcnn_demo"]}]
    put(raw, "datasets/faces", {"format": "wider_face"})
    put(raw, "generators/scenes_face/serves", ["faces"])
    assert "face-gan-medium-remade" in {cell.variant for cell in cells_of(load(raw))}


def test_generators_are_trained_again_for_every_draw_and_those_that_exist_are_not(raw):
    put(raw, "study/0/draws", [0, 2])
    config = load(raw)
    assert sorted(needed_generators(config)) == ["scenes_body", "scenes_body-draw2", "scenes_face"]
    first, third = (config.generator(name) for name in ("scenes_body", "scenes_body-draw2"))
    assert third.seed == first.seed + 2 and third.learning() | {"seed": first.seed} == first.learning()
    assert generator_names(config, "scenes", "gan", "medium", "body", 2) == ["scenes_body-draw2"]
    assert sorted({cell.variant for cell in cells_of(config) if "draw" in cell.variant}) == ["body-gan-medium-draw2"]
    put(raw, "generators/scenes_body/trained", "README.md")
    config = load(raw)
    assert sorted(needed_generators(config)) == ["scenes_body", "scenes_face"]
    assert config.generator("scenes_body-draw2").seed == first.seed
    assert "body-gan-medium-draw2" in {cell.variant for cell in cells_of(config)}  # other people of the same generator


def test_what_another_seed_changes(raw):
    tool = {"command": ["tool", "{images}", "{output}"]}
    raw["methods"] |= {"tool": {"medium": tool}}
    raw["methods"]["blur"] |= {"half": {"sigma": 0.1, "share": 0.5}, "none": {"sigma": 0.1, "share": 0.0}}
    config = load(raw)
    random = {
        (method, level)
        for method, levels in config.methods.items()
        for level in levels
        if is_random(config, Variant("body", method, level))
    }
    assert random == {*(("gan", level) for level in ("low", "medium", "high")), ("tool", "medium"), ("blur", "half")}


def test_a_generators_name_is_not_that_of_a_draw(raw):
    put(raw, "generators/scenes_body-draw1", raw["generators"]["scenes_body"])
    with pytest.raises(UserError, match="generators.scenes_body-draw1: such names are of a generator's other draws"):
        load(raw)


def test_generators_may_learn_from_a_share_of_coco(raw):
    raw["datasets"]["scenes"] = {"format": "coco2017", "generator_share": 0.1}
    assert load(raw).datasets["scenes"].generator_share == 0.1


def test_parameters_below_a_region_are_on_top_of_those_for_every_region(raw):
    put(raw, "methods/mask_out/medium", {"grow": 0.1, "face": {"color": [1, 2, 3], "grow": 0.0}})
    config = load(raw)
    assert config.method_config("mask_out", "medium", "body").model_dump(exclude_unset=True) == {"grow": 0.1}
    face = config.method_config("mask_out", "medium", "face")
    assert (face.grow, tuple(face.color)) == (0.0, (1, 2, 3))


def test_a_share_of_people_is_a_key_of_every_method_and_no_parameter(raw):
    command = ["tool", "{images}", "{output}"]
    put(raw, "methods/tool", {"medium": {"command": command, "share": 0.5}})
    put(raw, "methods/blur/medium", {"sigma": 0.1, "share": 0.5, "face": {"share": 0.25}})
    config = load(raw)
    assert config.method_config("blur", "medium", "body").model_dump(exclude_unset=True) == {"sigma": 0.1}
    assert [config.method_share("blur", "medium", region) for region in ("body", "face")] == [0.5, 0.25]
    assert config.method_share("tool", "medium", "body") == 0.5 and config.method_share("blur", "low", "body") == 1


def test_a_users_own_tool_is_a_method_of_any_name(raw):
    command = ["python", "tool.py", "{images}", "{regions}", "{output}"]
    put(raw, "methods/deepprivacy2", {"medium": {"body": {"command": command}}})
    put(raw, "study/0/methods", ["blur", "deepprivacy2"])
    assert load(raw).method_config("deepprivacy2", "medium", "body").command == command
    assert load(raw).method_plugin("deepprivacy2", "medium", "body") == "external"
    put(raw, "study/0/regions", ["face"])
    with pytest.raises(UserError, match="methods.deepprivacy2.medium: .*name the `command`"):
        load(raw)


@pytest.mark.parametrize("key", ["datasets", "methods", "models", "study"])
def test_a_missing_section_is_named(raw, key):
    del raw[key]
    with pytest.raises(UserError, match=f"The configuration lacks {key}"):
        load(raw)


def test_a_missing_archive_is_found_before_any_job(raw):
    without_gan(raw)
    raw["datasets"]["scenes"] = {"format": "pennfudan", "archive": "nowhere/PennFudanPed.zip"}
    with pytest.raises(UserError, match="datasets.scenes: .*nowhere/PennFudanPed.zip"):
        load(raw)


def test_files_behind_a_login_that_are_nowhere_are_all_told_before_any_job(raw, monkeypatch, tmp_path):
    without_gan(raw)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").symlink_to(ROOT / "config")
    for name, plugin in (("PennFudanPed.zip", FORMATS["pennfudan"]), ("lspet_dataset.zip", FORMATS["lspet"])):
        closed = replace(plugin.FILES["archive"], urls=(), login=f"Register at example.org and fetch {name}.")
        monkeypatch.setitem(plugin.FILES, "archive", closed)
    raw["datasets"] |= {"ped": {"format": "pennfudan"}, "sports": {"format": "lspet"}}
    raw["study"] = [{**raw["study"][0], "datasets": ["scenes", "ped", "sports"]}]
    config = load(raw)
    check_reach(config, ["scenes"])
    with pytest.raises(UserError) as caught:
        check_reach(config, ["lspet", "sports"])
    assert "sports" in str(caught.value) and "PennFudan" not in str(caught.value)
    with pytest.raises(UserError) as caught:
        check_reach(config, needed_splits(config))
    for words in (
        "PennFudanPed.zip of ped (54 MB; datasets.ped.archive): Register at example.org and fetch PennFudanPed.zip.",
        "lspet_dataset.zip of sports (200 MB; datasets.sports.archive): Register",
        "`archives`",
    ):
        assert words in str(caught.value)
    (tmp_path / "disk").mkdir()
    for name in ("PennFudanPed.zip", "lspet_dataset.zip"):
        (tmp_path / "disk" / name).touch()
    raw["archives"] = ["disk"]
    config = load(raw)
    check_reach(config, needed_splits(config))


def test_what_a_user_says_of_a_file():
    class Several(FilesConfig):
        format: str

    good = {"path": "a.zip", "urls": ["https://example.org/a.zip"], "digest": "md5:" + "0" * 32, "size": 3}
    assert Several(format="x", files={"images": good}).files["images"].size == 3
    for key, value in [("urls", ["ftp://example.org/a"]), ("urls", []), ("digest", "0" * 32), ("size", 0), ("md5", 1)]:
        with pytest.raises(ValidationError, match=key):
            Several(format="x", files={"images": {**good, key: value}})


def test_missing_annotations_of_an_own_dataset_are_found_before_any_job(raw, tmp_path):
    without_gan(raw)
    (tmp_path / "1.png").touch()
    split = {"images": str(tmp_path), "annotations": str(tmp_path / "none.json")}
    raw["datasets"]["scenes"] = {"format": "coco", "splits": {"train": split, "val": split}}
    with pytest.raises(UserError, match="datasets.scenes: .*none.json"):
        load(raw)


def test_a_dataset_that_no_block_uses_may_be_absent(raw):
    raw["datasets"]["other"] = {"format": "pennfudan", "archive": "nowhere/PennFudanPed.zip"}
    load(raw)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (
            {"resnet": {"url": "https://a/b.pth", "sha256": "0" * 8}},
            "'resnet50', which weights does not define.*'resnet'",
        ),
        ({"resnet50": {"url": "ftp://a/b", "sha256": "0" * 8}}, "weights.resnet50.url"),
        ({"resnet50": {"url": "https://a/b", "sha256": "0" * 7}}, "weights.resnet50.sha256"),
        (
            {"resnet50": {"url": "https://a/b", "sha256": "0" * 8, "file": "no.pth"}},
            "names no.pth, which does not exist",
        ),
        ({"resnet50": {"url": "https://a/b", "sha257": "0" * 8}}, "weights.resnet50.sha25"),
    ],
)
def test_weights_that_a_model_starts_from_are_defined(raw, weights, message):
    put(raw, "models/mask-rcnn_demo/config", "config/models/mask-rcnn_r50_fpn_1x.py")
    assert load(raw)
    raw["weights"] = weights
    with pytest.raises(UserError, match=message):
        load(raw)
