"""Mistakes in a configuration end in one message that names the key, before any job runs."""

import copy

import pytest
import yaml
from snakemake.utils import update_config

from anonbench.code import ROOT
from anonbench.config import load
from anonbench.errors import UserError
from anonbench.gan.weights import Shape, build


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
            build(Shape(**generator.model_dump(include=set(Shape.model_fields)), keypoints=14))


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("metods", {}, "Unknown configuration key metods: nothing reads it. Did you mean 'methods'?"),
        ("datasets/scenes/widht", 3, "key datasets.scenes.widht: nothing reads it. Did you mean 'width'?"),
        ("datasets/scenes/splits/test", 3, "datasets.scenes.splits.test"),
        ("datasets/scenes/format", "scene", "datasets.scenes.format is missing or unknown. Choose from coco, lspet"),
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
        ("methods/blur/medium", {"sigm": 1}, "methods.blur.medium: .*sigm"),
        ("methods/blur/medium", {"sigma": -1}, "methods.blur.medium: .*sigma"),
        ("methods/blur/very-high", {"sigma": 1}, "methods.blur.very-high"),
        ("methods/smear", {"low": {}}, "methods.smear.low: .*smear"),
        ("models/mask-rcnn_demo/config", "config/models/none.py", "config/models/none.py, which does not exist"),
        ("models/mask-rcnn_demo/tasks", ["segmentation"], r"models.mask-rcnn_demo.tasks\[0\]"),
        ("methods/blur/medium", {"body": {"sigma": -1}}, "methods.blur.medium.body: .*sigma"),
        ("methods/blur/medium", {"body": 0.1}, "methods.blur.medium.body is 0.1"),
        ("methods/blur/medium", {"body": {"sigma": 0.1}}, "methods.blur.medium: .*sigma is needed"),
        ("methods/blur/medium", {"command": ["x"]}, "blur is a built-in method"),
        ("methods/tool", {"medium": {"command": ["x", "{images}"]}}, "methods.tool.medium: .*lacks {output}"),
        ("methods/gan/medium", {"grow": 0.1, "coarsness": 0.1}, "methods.gan.medium: .*coarsness"),
        ("generators/scenes_body/learn", {}, "generators.scenes_body.learn: nothing reads it. Did you mean 'learns'?"),
        ("generators/scenes_body/learns/spilt", "gan", "generators.scenes_body.learns.spilt: .* Did you mean 'split'?"),
        ("generators/scenes_body/learns/dataset", "scene", "generators.scenes_body.learns.dataset names 'scene'"),
        ("generators/scenes_body/serves", ["lspet"], "generators.scenes_body.serves names 'lspet'"),
        ("generators/scenes_body/network", "unet", "generators.scenes_body.network"),
        ("datasets/scenes/splits", {"train": 2, "val": 2}, "learns.split is 'gan', which scenes does not have"),
        ("generators/scenes_body/region", "face", r"study\[0\] asks for gan at medium. The body .* but none is con"),
        ("generators/scenes_face/region", "body", "but scenes_body and scenes_face are configured"),
        ("methods/gan/medium/network", "context_encoder", "one generator of kind context_encoder, but none is con"),
        ("generators/scenes_body/vgg16", {"file": "x"}, "lacks generators.scenes_body.vgg16.sha256"),
        ("generators/scenes_body/vgg16", {"file": "none.pth", "sha256": "0" * 64}, "none.pth, which does not exist"),
        ("generators/scenes_body/inception", {"file": "x"}, "lacks generators.scenes_body.inception.sha256"),
        ("generators/scenes_body/inception", {"file": "no.pth", "sha256": "0" * 64}, "no.pth, which does not exist"),
        ("runtime/gpu", True, "runtime.gpu: nothing reads it"),
    ],
)
def test_a_mistake_names_its_key(raw, path, value, message):
    put(raw, path, value)
    with pytest.raises(UserError, match=message):
        load(raw)


def test_parameters_below_a_region_are_on_top_of_those_for_every_region(raw):
    put(raw, "methods/mask_out/medium", {"grow": 0.1, "face": {"color": [1, 2, 3], "grow": 0.0}})
    config = load(raw)
    assert config.params_of("mask_out", "medium", "body") == {"grow": 0.1}
    assert config.params_of("mask_out", "medium", "face") == {"grow": 0.0, "color": [1, 2, 3]}


def test_a_users_own_tool_is_a_method_of_any_name(raw):
    command = ["python", "tool.py", "{images}", "{regions}", "{output}"]
    put(raw, "methods/deepprivacy2", {"medium": {"body": {"command": command}}})
    put(raw, "study/0/methods", ["blur", "deepprivacy2"])
    assert load(raw).params_of("deepprivacy2", "medium", "body") == {"command": command}
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
