"""The command ``anonbench compare``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from anonbench.cli.options import RegionOption, Threshold, stop
from anonbench.common.errors import UserError

if TYPE_CHECKING:
    from anonbench.config.config import Config

WIDTH = 360  # px of a picture on the sheet


def compare(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="A photograph.")],
    out: Annotated[Path | None, typer.Option(help="The sheet to write; beside IMAGE unless it is set.")] = None,
    region: Annotated[RegionOption, typer.Option(help="What to hide.")] = RegionOption.face,
    threshold: Threshold = None,
    generator: Annotated[
        list[Path] | None, typer.Option(help="A generator.safetensors that the workflow has trained, for gan as well.")
    ] = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="Show the whole photograph, not what surrounds the regions.")
    ] = False,
) -> None:
    """Show what every method at every level makes of a photograph, in one sheet.

    Levels that leave people visible, and methods that change what is trained on, are for studies only and not shown.
    """
    try:
        path = out or image.with_name(f"{image.stem}-{region.value}-compared.jpg")
        if path.exists() and out is None:
            raise UserError(f"{path} exists.", "Name another file with --out.")
        count = write_comparison(image, path, region.value, threshold, tuple(generator or ()), whole)
    except UserError as error:
        stop(error)
    typer.echo(f"{count} regions: {path}")


def write_comparison(
    image: Path, out: Path, region: str, threshold: float | None, generators: tuple[Path, ...], whole: bool
) -> int:
    """Write the sheet, a row per method and a column per level behind the original; the number of regions.

    Raises
    ------
    UserError
        If the photograph cannot be read, or nothing is found in it.
    """
    import numpy as np

    from anonbench.anonymize.frame import anonymize
    from anonbench.cli.finders import detected
    from anonbench.cli.methods import configured
    from anonbench.cli.photographs import read_photograph
    from anonbench.cli.sheets import captioned, fitted, grid
    from anonbench.common.files import write_bytes
    from anonbench.common.images import encode
    from anonbench.config.plugins import METHODS

    picture = read_photograph(image).pixels
    config = configured()
    finder = detected(region, config.regions.face, threshold, landmarks=bool(generators))
    finder.open()
    regions = [hit.region for hit in finder(image.name, picture)]
    if not regions:
        raise UserError(f"No {region} is found in {image}.", "Lower --threshold.")
    window = (slice(None), slice(None)) if whole else _around([one.box for one in regions], picture.shape[:2])
    height = round(WIDTH * picture[window].shape[0] / picture[window].shape[1])
    shown = _shown(config, region, bool(generators))
    levels = max(map(len, shown.values()))

    def tile(pixels: np.ndarray, text: str) -> np.ndarray:
        return captioned(fitted(pixels[window], WIDTH, height)[0], text)

    tiles = []
    for method, named in shown.items():
        row = [tile(picture, "original")]
        for level in named:
            plugin = METHODS.create(
                config.method_plugin(method, level, region), config.method_config(method, level, region)
            )
            plugin.prepare(generators if plugin.learned else (), "auto")
            plugin.expect(finder.keypoint_names)
            made = anonymize(plugin, picture, regions, np.random.default_rng(config.variants.seed))
            row.append(tile(made.image, f"{method}, {level}"))
        tiles += row + [np.full_like(row[0], 255)] * (levels + 1 - len(row))
    write_bytes(out, encode(grid(tiles, levels + 1), out.suffix or ".jpg", 90))
    return len(regions)


def _shown(config: Config, region: str, has_generator: bool) -> dict[str, list[str]]:
    """The levels of every method that a photograph can be shown with; none that leaves people visible on purpose."""
    from anonbench.config.methods import EXTERNAL
    from anonbench.config.plugins import METHODS

    shown = {}
    for method, named in config.methods.items():
        plugins = {config.method_plugin(method, level, region) for level in named}
        unseen = any(METHODS[plugin].drops or (METHODS[plugin].learned and not has_generator) for plugin in plugins)
        levels = [level for level in named if config.method_share(method, level, region) == 1]
        if levels and EXTERNAL not in plugins and not unseen:
            shown[method] = levels
    if not shown:
        raise UserError("The configuration has no method that a photograph can be shown with.", "Add one to `methods`.")
    return shown


def _around(boxes, shape: tuple[int, int]):
    """Rows and columns around all regions, with half of their extent on each side."""
    import numpy as np

    array = np.array(boxes, float)
    low, high = array[:, :2].min(0), array[:, 2:].max(0)
    margin = 0.5 * (high - low).max()
    low, high = np.floor(low - margin).clip(0), np.ceil(high + margin).clip(0, [shape[1], shape[0]])
    return slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))
