"""A variant made on disk as the workflow makes it: its regions dealt out, its shards anonymized, and all composed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anonbench.anonymize.compose import compose_variant
from anonbench.anonymize.export import export_variant
from anonbench.anonymize.shard import anonymize_shard
from anonbench.anonymize.worklist import deal_regions, list_name
from anonbench.common.files import read_made
from anonbench.config.methods import plugin_of
from anonbench.variants.edit_archive import ARCHIVE
from anonbench.variants.recipe import Recipe
from anonbench.variants.variant_images import VariantFiles, VariantImages


def recipe(method: str, seed: int = 3, **config: Any) -> Recipe:
    """The recipe of a method with these parameters."""
    return Recipe(method=method, plugin=plugin_of(method, config), config=config, seed=seed)


@dataclass(frozen=True)
class Making:
    """A variant in the folder ``root``, of a split's images, the originals' manifest and the region file."""

    images_dir: Path
    originals: Path
    regions: Path
    root: Path
    shards: int = 1
    variant: str = "body-any-medium"

    @property
    def manifest(self) -> Path:
        return self.root / "manifest.json"

    @property
    def dealt(self) -> Path:
        return self.root / "deal" / "manifest.json"

    def shard(self, number: int) -> Path:
        """The folder of a shard."""
        return self.root / "shards" / f"{number}-of-{self.shards}"

    def shard_manifests(self) -> list[Path]:
        return [self.shard(number) / "manifest.json" for number in range(1, self.shards + 1)]

    def list_of(self, number: int) -> Path:
        """A shard's list."""
        return self.dealt.parent / "lists" / list_name(number)

    def deal(self) -> None:
        deal_regions(
            originals=self.originals,
            regions=self.regions,
            shards=self.shards,
            lists=self.dealt.parent / "lists",
            manifest=self.dealt,
        )

    def anonymize(self, recipe: Recipe, number: int = 1, work: Path | None = None, **how: Any) -> None:
        """One shard, of its own list unless another one is named."""
        folder = self.shard(number)
        anonymize_shard(
            work=work or self.list_of(number),
            images_dir=self.images_dir,
            recipe=recipe,
            edits=folder / ARCHIVE,
            manifest=folder / "manifest.json",
            **how,
        )

    def compose(self, recipe: Recipe, shards: Sequence[Path] | None = None, most_left: int = 0) -> dict[str, Any]:
        """The variant of its own shards, or of those; its manifest."""
        compose_variant(
            originals=self.originals,
            deal=self.dealt,
            shards=self.shard_manifests() if shards is None else shards,
            recipe=recipe,
            variant=self.variant,
            most_left=most_left,
            manifest=self.manifest,
        )
        return read_made(self.manifest)

    def all_shards(self, recipe: Recipe, **how: Any) -> list[Path]:
        """Deal, and anonymize every shard, the last one first; their manifests."""
        self.deal()
        for number in range(self.shards, 0, -1):
            self.anonymize(recipe, number, **how)
        return self.shard_manifests()

    def make(self, recipe: Recipe, **how: Any) -> dict[str, Any]:
        """All of it; the variant's manifest."""
        self.all_shards(recipe, **how)
        return self.compose(recipe)

    def images(self) -> VariantImages:
        """The finished variant's images."""
        return VariantImages(VariantFiles(manifest=self.manifest, originals=self.images_dir))

    def pixels(self) -> dict[str, bytes]:
        """Every image of the finished variant as it is read, by file name."""
        images = self.images()
        return {name: images.read(name).tobytes() for name in images.names}

    def files(self) -> dict[str, bytes]:
        """The variant's manifests and edits, by their names below ``root``."""
        paths = [*sorted((self.root / "shards").rglob("*")), self.manifest]
        return {str(path.relative_to(self.root)): path.read_bytes() for path in paths if path.is_file()}

    def export(self) -> Path:
        """The folder of the finished variant's images, as files."""
        files = VariantFiles(manifest=self.manifest, originals=self.images_dir)
        export_variant(files, self.root / "images")
        return self.root / "images"

    def left_over(self) -> list[Path]:
        """What should not lie beside the variant's and its shards' edits and manifests."""
        folders = [self.root, *(self.root / "shards").glob("*")]
        known = {ARCHIVE, "edits.json", "audit.json", "manifest.json", "deal", "shards"}
        return [path for folder in folders if folder.exists() for path in folder.iterdir() if path.name not in known]
