"""What a model is shown: the variant's images by every pipeline, and an error where that cannot be kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mmcv.transforms import LoadImageFromFile
from mmengine.config import ConfigDict
from mmengine.registry import DATASETS, TRANSFORMS, DefaultScope
from PIL import Image

from anonbench.common.errors import UserError
from anonbench.common.files import read_json
from anonbench.common.root import ROOT
from anonbench.models.openmmlab import model_config, setup
from anonbench.models.openmmlab.image_loading import LoadVariantImage, dicts, serve
from anonbench.regions.region import Region
from anonbench.variants.variant_images import VariantFiles, VariantImages
from tests.helpers.split import write_split
from tests.helpers.toysplit import write_split as write_toys
from tests.helpers.variants import Making, recipe

CONFIGS = ROOT / "config" / "models"
FILES = VariantFiles(manifest="v/manifest.json", originals="o")


@pytest.fixture(scope="module")
def making(tmp_path_factory: pytest.TempPathFactory) -> Making:
    """A variant of one person and of nobody, PNG and JPEG."""
    root, rng = tmp_path_factory.mktemp("variant"), np.random.default_rng(0)
    images = rng.integers(1, 256, (3, 40, 60, 3), dtype=np.uint8)
    somebody = [Region(np.array([20.0, 10, 40, 30]))]
    people = [("a b.png", images[0], somebody), ("deep/c.jpg", images[1], somebody), ("nobody.png", images[2], [])]
    one = Making(**write_split(root, people), root=root / "out")
    one.make(recipe("mask_out", color=[0, 40, 200], grow=0.0))
    return one


def files_of(making: Making) -> VariantFiles:
    return VariantFiles(manifest=making.manifest, originals=making.images_dir)


def loaded(making: Making, name: str, **options: Any) -> dict[str, Any]:
    step = LoadVariantImage(str(making.manifest), str(making.images_dir), **options)
    return step.transform({"img_path": str(making.root / "images" / name)})


def test_an_image_is_loaded_as_mmcv_loads_the_exported_file(making: Making) -> None:
    folder = making.export()
    for name in ("a b.png", "nobody.png"):
        theirs = LoadImageFromFile().transform({"img_path": str(folder / name)})
        ours = loaded(making, name)
        assert ours.keys() == theirs.keys() and ours["img"].dtype == theirs["img"].dtype == np.uint8
        assert (ours["img"] == theirs["img"]).all()
        assert ours["img_shape"] == ours["ori_shape"] == theirs["ori_shape"] == (40, 60)
    assert (loaded(making, "deep/c.jpg")["img"][10:30, 20:40] == (200, 40, 0)).all()  # BGR, and no codec in between
    floats = loaded(making, "a b.png", to_float32=True)["img"]
    assert floats.dtype == np.float32 and (floats == loaded(making, "a b.png")["img"]).all()


def test_what_a_variant_does_not_change_reaches_a_model_as_of_the_originals(making: Making) -> None:
    """So the originals are their own control: no variant's image is encoded again."""
    for name in ("a b.png", "deep/c.jpg", "nobody.png"):
        of_variant = loaded(making, name)["img"]
        step = LoadVariantImage(str(making.originals), str(making.images_dir))
        of_originals = step.transform({"img_path": str(making.originals.parent / "images" / name)})["img"]
        file = np.asarray(Image.open(making.images_dir / name).convert("RGB"))[..., ::-1]
        assert of_originals.tobytes() == file.tobytes()
        edited = np.zeros((40, 60), bool)
        edited[10:30, 20:40] = name != "nobody.png"
        assert of_variant[~edited].tobytes() == of_originals[~edited].tobytes()
        assert (of_variant[edited] == (200, 40, 0)).all()


def test_what_is_not_of_the_variant_is_an_error(making: Making) -> None:
    step = LoadVariantImage(str(making.manifest), str(making.images_dir))
    for path in (making.images_dir / "a b.png", making.root / "a b.png"):
        with pytest.raises(UserError, match="none of the variant's"):
            step.transform({"img_path": str(path)})
    with pytest.raises(UserError, match="does not list"):
        loaded(making, "none.png")


def pipelines(config: Any) -> list[Any]:
    return [config.train_dataloader.dataset, config.test_dataloader.dataset]


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.py")), ids=lambda path: path.stem)
def test_every_shipped_config_shows_the_variant_in_training_and_prediction(tmp_path: Path, path: Path) -> None:
    annotations, images = write_toys(tmp_path)
    plain = model_config.load(path)
    floats = [[step.get("to_float32", False) for step in readers(dataset)] for dataset in pipelines(plain)]
    setup.use(plain.default_scope, 1)
    config = model_config.complete(plain, read_json(annotations), annotations, images)
    for dataset, wanted in zip(pipelines(config), floats, strict=True):
        found = [step for step in dicts(dataset) if step.get("type") == "LoadVariantImage"]
        assert [step.get("to_float32", False) for step in found] == wanted and wanted
        assert all(step["manifest"] == str(images.manifest) for step in found)
        assert not readers(dataset) and not Path(dataset.data_prefix.img).exists()


def readers(dataset: Any) -> list[Any]:
    return [step for step in dicts(dataset) if step.get("type") in ("LoadImageFromFile", "LoadImage")]


@pytest.mark.parametrize("name", ["mask-rcnn_mobilenetv2_toy", "td-hm_mobilenetv2_toy"])
def test_a_dataset_gives_the_variants_pixels_and_another_ones_when_pointed_there(tmp_path: Path, name: str) -> None:
    """The people of the toy split are bright; masked out, no pixel of the test pipeline's images is."""
    annotations, originals = write_toys(tmp_path)
    listed = read_json(annotations)["images"]
    people = []
    for image in listed:
        whole = np.array([0.0, 0, image["width"], image["height"]])
        pixels = VariantImages(originals).read(image["file_name"])
        people.append((image["file_name"], pixels, [Region(whole)]))
    hidden = Making(**write_split(tmp_path / "hidden", people), root=tmp_path / "out")
    hidden.make(recipe("mask_out", grow=0.0))

    config = model_config.load(CONFIGS / f"{name}.py")
    setup.use(config.default_scope, 1)
    config = model_config.complete(config, read_json(annotations), annotations, originals)
    for loader in (config.train_dataloader, config.test_dataloader):
        brightest = []
        for images in (originals, files_of(hidden)):
            model_config.point_at(loader, annotations, images)
            with DefaultScope.overwrite_default_scope(config.default_scope):
                dataset = DATASETS.build({**loader.dataset, "test_mode": True})
            brightest.append(max(int(dataset[index]["inputs"].max()) for index in range(len(dataset))))
        assert brightest[0] > 200 and brightest[1] == 0


def test_nested_steps_load_the_variant_and_keep_their_options(making: Making) -> None:
    steps = [
        {"type": "RandomApply", "transforms": [{"type": "mmcv.LoadImageFromFile", "to_float32": True}]},
        {"type": LoadImageFromFile, "backend_args": None, "imdecode_backend": "cv2", "color_type": "color"},
        {"type": "LoadAnnotations"},
    ]
    dataset = ConfigDict(type="D", pipeline=steps)
    serve(dataset, files_of(making))
    place = {"manifest": str(making.manifest), "originals": str(making.images_dir)}
    first, second, third = dataset.pipeline
    assert first.transforms == [{"type": "LoadVariantImage", "to_float32": True, **place}]
    assert second == {"type": "LoadVariantImage", **place} and third == {"type": "LoadAnnotations"}
    assert TRANSFORMS.build(first.transforms[0]).to_float32
    serve(dataset, FILES)
    assert dataset.pipeline[1] == {"type": "LoadVariantImage", "manifest": "v/manifest.json", "originals": "o"}
    assert dataset.data_prefix == {"img": "v/images"}


@pytest.mark.parametrize(
    ("step", "problem"),
    [
        ({"type": "LoadImageFromFile", "color_type": "grayscale"}, "sets color_type to 'grayscale'"),
        ({"type": "LoadImageFromFile", "color_type": "unchanged"}, "sets color_type to 'unchanged'"),
        ({"type": "LoadImage", "imdecode_backend": "pillow"}, "sets imdecode_backend to 'pillow'"),
        ({"type": "LoadImageFromFile", "ignore_empty": True}, "sets ignore_empty to True"),
        ({"type": "LoadImageFromFile", "backend_args": {"backend": "http"}}, "sets backend_args"),
        ({"type": "mmdet.LoadMultiChannelImageFromFiles"}, "LoadMultiChannelImageFromFiles .* cannot load"),
        ({"type": "LoadAnnotations"}, "no step that loads images"),
    ],
)
def test_another_way_of_loading_is_refused(step: dict[str, Any], problem: str) -> None:
    with pytest.raises(UserError, match=problem):
        serve(ConfigDict(type="D", pipeline=[step, {"type": "Resize"}]), FILES)
