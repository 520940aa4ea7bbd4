"""The configuration as a typed model: unknown keys, names and levels are refused before any job runs."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from anonbench.common.errors import UserError
from anonbench.study.checks import check, suggest

Region = Literal["face", "body"]
Task = Literal["detection", "instance_segmentation", "pose"]
EvaluatedOn = Literal["original", "anonymized"]
Url = Annotated[str, Field(pattern=r"^https?://[^/]+/")]
FileDigest = Annotated[str, Field(pattern=r"^(md5:[0-9a-f]{32}|sha256:[0-9a-f]{64})$")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Positive = Annotated[int, Field(ge=1)]
NonEmpty = Field(min_length=1)


class Model(BaseModel):
    """Base of every part of the configuration: immutable, and a key that nothing reads is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AnyDataset(Model):
    """What every dataset may say besides its format's own keys."""

    shards: Annotated[int, Field(ge=1, le=1000)] = 1


class ScenesSplits(Model):
    """Numbers of rendered images."""

    train: Positive
    val: Positive
    gan: Positive | None = None


class Scenes(AnyDataset):
    """Rendered street scenes (:mod:`anonbench.datasets.scenes`)."""

    format: Literal["scenes"]
    splits: ScenesSplits
    width: Annotated[int, Field(ge=64, le=4096)] = 256
    height: Annotated[int, Field(ge=64, le=4096)] = 192
    seed: Annotated[int, Field(ge=0)] = 0


class PennFudan(AnyDataset):
    """Penn-Fudan pedestrians, from the official address or a local archive."""

    format: Literal["pennfudan"]
    archive: str | None = None
    sha256: Digest | None = None


class Lspet(AnyDataset):
    """Leeds Sports Pose Extended, from the official address or a local archive."""

    format: Literal["lspet"]
    archive: str | None = None
    sha256: Digest | None = None
    upright_only: bool = True


class FileSource(Model):
    """What a user says of one file of a dataset: its path, or what is to count before the official values."""

    path: str | None = None
    urls: Annotated[list[Url], NonEmpty] | None = None
    digest: FileDigest | None = None
    size: Positive | None = None


class Fetched(AnyDataset):
    """Base of the formats that are read from several files; the roles are those of the format's ``FILES``."""

    files: dict[str, FileSource] = {}


class Coco2017(Fetched):
    """COCO 2017: boxes, masks and keypoints."""

    format: Literal["coco2017"]
    face_boxes: bool = False
    gan_share: Annotated[float, Field(ge=0, lt=1)] = 0
    seed: Annotated[int, Field(ge=0)] = 0


class WiderFace(Fetched):
    """WIDER FACE: boxes of faces."""

    format: Literal["wider_face"]


class CrowdPose(Fetched):
    """CrowdPose: boxes and 14 keypoints of people in crowds."""

    format: Literal["crowdpose"]
    evaluated: Literal["test", "val"] = "test"


class Cityscapes(Fetched):
    """Cityscapes, fine annotations: instance masks of people and vehicles."""

    format: Literal["cityscapes"]


class Bdd100k(Fetched):
    """BDD100K: instance masks of the 10,000 images, or boxes of the 100,000."""

    format: Literal["bdd100k"]
    labels: Literal["bitmasks", "rles", "det_20"] = "bitmasks"


class CocoSplit(Model):
    """One split of a COCO-format dataset: a folder of images and a JSON file."""

    images: str
    annotations: str


class Coco(AnyDataset):
    """A user's own dataset in COCO's format."""

    format: Literal["coco"]
    splits: Annotated[dict[Literal["train", "val", "gan"], CocoSplit], NonEmpty]
    people: Annotated[list[str], NonEmpty] = ["person"]
    categories: Annotated[list[str], NonEmpty] | None = None
    sigmas: list[float] | None = None


Dataset = Annotated[
    Scenes | PennFudan | Lspet | Coco | Coco2017 | WiderFace | CrowdPose | Cityscapes | Bdd100k,
    Field(discriminator="format"),
]


class FaceRegion(Model):
    """How faces are found where they are not annotated."""

    min_face_size: Annotated[int, Field(ge=12)] = 16


class BodyRegion(Model):
    """How a body's outline is drawn from keypoints where no mask or box is annotated."""

    limb_width: Annotated[float, Field(gt=0, le=1)] = 0.1


class Regions(Model):
    """Parameters of each region."""

    face: FaceRegion = FaceRegion()
    body: BodyRegion = BodyRegion()


class Learns(Model):
    """The people that a generator learns from."""

    dataset: str
    split: Literal["train", "gan"] = "train"


class Weights(Model):
    """A weight file, and the hash that it must have."""

    file: str
    sha256: Digest


class Generator(Model):
    """A generator: what it is, whom it learns from, whom it replaces, and how long it learns."""

    network: Literal["style_unet", "context_encoder"] = "style_unet"
    region: Region
    learns: Learns
    serves: Annotated[list[str], NonEmpty]
    width: Annotated[int, Field(ge=16, le=1024)]
    height: Annotated[int, Field(ge=16, le=1024)]
    channels: Annotated[int, Field(ge=1, le=512)]
    epochs: Positive
    batch: Annotated[int, Field(ge=2)] = 8
    snapshot_every: Positive = 10
    max_people: Positive = 20000
    texture: Literal["spread", "mean"] | None = None
    vgg16: Weights | None = None
    inception: Weights | None = None
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0


class TrainedModel(Model):
    """An MM config and the tasks that its trained model serves."""

    config: str
    tasks: Annotated[list[Task], NonEmpty]


class PublishedWeights(Model):
    """Weights that models start from: where they are published, and their SHA-256 or its first digits."""

    url: Annotated[str, Field(pattern=r"^https?://\S+$")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{8,64}$")]
    file: str | None = None


class Block(Model):
    """One block of the study: the product of its lists, and the originals as baseline."""

    datasets: Annotated[list[str], NonEmpty]
    models: Annotated[list[str], NonEmpty]
    regions: Annotated[list[Region], NonEmpty]
    methods: Annotated[list[str], NonEmpty]
    levels: Annotated[list[str], NonEmpty]
    seeds: Annotated[list[Annotated[int, Field(ge=0, lt=2**31)]], NonEmpty] = [0]
    evaluate_on: Annotated[list[EvaluatedOn], NonEmpty] = ["original"]


class Runtime(Model):
    """Where and how jobs compute; changing it re-runs nothing."""

    device: str = "auto"
    precision: Literal["float32", "amp"] = "float32"
    threads: Positive = 1
    gpus: Positive = 1


class Config(Model):
    """The whole configuration."""

    datasets: dict[str, Dataset]
    regions: Regions = Regions()
    methods: dict[str, dict[str, dict[str, Any]]]
    generators: dict[str, Generator] = {}
    weights: dict[str, PublishedWeights] = {}
    models: dict[str, TrainedModel]
    study: Annotated[list[Block], NonEmpty]
    runtime: Runtime = Runtime()
    archives: list[str] = []

    def params_of(self, method: str, level: str, region: str) -> dict[str, Any]:
        """A method's parameters at a level: those for every region, and on top those below the region's name."""
        params = self.methods[method][level]
        common = {key: value for key, value in params.items() if key not in get_args(Region)}
        return common | params.get(region, {})

    def generators_for(self, dataset: str, region: str, network: str) -> list[str]:
        """The names of the generators of that kind that serve a dataset's region and make its people by turns.

        Raises
        ------
        UserError
            If there is none.
        """
        kind = region, network
        found = [n for n, g in self.generators.items() if dataset in g.serves and (g.region, g.network) == kind]
        if not found:
            raise UserError(
                f"The {region} regions of {dataset} need a generator of kind {network}, but none is configured.",
                f"Let an entry of generators with region {region} and network {network} serve {dataset}.",
            )
        return found


def load(raw: dict[str, Any]) -> Config:
    """Check a configuration and everything it names that can be known before a job runs.

    Raises
    ------
    UserError
        For the first mistake: an unknown or misspelt key, a value of the wrong type or range, an unknown method, model,
        dataset or level, method parameters that the method refuses, or a missing MM config, archive or annotation file.
        Files behind a login may be missing: see :func:`anonbench.study.checks.check_reach`.
    """
    try:
        config = Config.model_validate(raw)
    except ValidationError as error:
        raise _explain(error) from None
    check(config)
    return config


def _explain(error: ValidationError) -> UserError:
    """The first pydantic error as one sentence with the key's full path, and a mend."""
    first = error.errors()[0]
    # A discriminated union puts the chosen format into the location; it is no key of the file.
    loc = [
        part
        for i, part in enumerate(first["loc"])
        if not (i == 2 and first["loc"][0] == "datasets" and part in _FORMATS)
    ]
    key = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in loc).lstrip(".") or "the configuration"
    if first["type"] == "extra_forbidden":
        siblings = _siblings(first["loc"])
        return UserError(f"Unknown configuration key {key}: nothing reads it.", suggest(str(loc[-1]), siblings))
    if first["type"] == "missing":
        return UserError(f"The configuration lacks {key}.", "Add it; config/README.md explains every key.")
    if first["type"] in ("union_tag_invalid", "union_tag_not_found"):
        return UserError(f"{key}.format is missing or unknown.", f"Choose from {', '.join(sorted(_FORMATS))}.")
    return UserError(f"{key}: {first['msg']} (got {first['input']!r}).", "See config/README.md for what it may be.")


_FORMATS = {
    "scenes": Scenes, "pennfudan": PennFudan, "lspet": Lspet, "coco": Coco, "coco2017": Coco2017,
    "wider_face": WiderFace, "crowdpose": CrowdPose, "cityscapes": Cityscapes, "bdd100k": Bdd100k,
}  # fmt: skip


def _siblings(loc: tuple[Any, ...]) -> list[str]:
    """The keys that are known beside the key at ``loc``."""
    table: dict[Any, type[BaseModel]] = {
        "datasets": Model, "regions": Regions, "models": TrainedModel, "study": Block, "runtime": Runtime,
        "generators": Generator, "weights": PublishedWeights,
    }  # fmt: skip
    if len(loc) == 1:
        return list(Config.model_fields)
    model = table[loc[0]]
    if loc[0] == "datasets":
        model = _FORMATS.get(loc[2], Model)
        if "splits" in loc:
            model = CocoSplit if loc[2] == "coco" else ScenesSplits
        elif "files" in loc[3:-1]:
            model = FileSource
    elif loc[0] == "regions" and len(loc) == 3:
        model = {"face": FaceRegion, "body": BodyRegion}[loc[1]]
    elif loc[0] == "generators" and "learns" in loc[:-1]:
        model = Learns
    elif loc[0] == "generators" and {"vgg16", "inception"} & set(loc[:-1]):
        model = Weights
    return list(model.model_fields)
