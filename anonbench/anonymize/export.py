"""A variant's images as files, for eyes and for other tools."""

from __future__ import annotations

from pathlib import Path

from tqdm import tqdm

from anonbench.common.files import write_bytes
from anonbench.common.folders import link, replacing
from anonbench.common.images import encode
from anonbench.variants.variant_images import VariantFiles, VariantImages


def export_variant(files: VariantFiles, out_dir: Path) -> None:
    """Write every image of a variant under its own file name; ``out_dir`` appears as a whole or not at all.

    An edited image is encoded anew (:func:`anonbench.common.images.encode`): a PNG has exactly the pixels that models
    see, a JPEG nearly. Any other is the original's file, verified and linked, or copied where it cannot be.

    Raises
    ------
    UserError
        As for :class:`anonbench.variants.variant_images.VariantImages`.
    """
    images = VariantImages(files)
    with replacing(out_dir) as partial:
        for name in tqdm(images.names, desc="export", unit="image", mininterval=1):
            image = images.read(name)
            if images.is_edited(name):
                write_bytes(partial / name, encode(image, Path(name).suffix))
            else:
                (partial / name).parent.mkdir(parents=True, exist_ok=True)
                link(files.originals / name, partial / name, out_dir / name)
