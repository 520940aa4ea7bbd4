"""People out of a trained generator: patches in, filled patches out, many in one forward pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from anonbench.common.devices import pick_device
from anonbench.generators.condition import Conditions, View, conditions
from anonbench.generators.files import read_generator
from anonbench.generators.generator import drawn
from anonbench.generators.grain import fineness, with_grain
from anonbench.generators.ground import mirrored
from anonbench.regions.anatomy import shared_joints
from anonbench.regions.patch import Patch
from anonbench.regions.window import Window, resize, window_of

# A shorter person has too few pixels for a network to say anything about.
SMALLEST_SIDE = 8
# A generator whose output has less contrast than this, in 0..255, has collapsed.
LEAST_CONTRAST = 2.0
# Most people in one forward pass; on a CPU, what its caches hold is faster than more.
BATCH, CPU_BATCH = 32, 8


@dataclass(frozen=True)
class Task:
    """One patch at network resolution: its window, and the network's view of it."""

    window: Window
    view: View


class Synthesizer:
    """A trained generator on a device.

    Parameters
    ----------
    path
        Its file.
    device
        ``auto``, ``cpu``, ``cuda`` or a device of that kind.

    Raises
    ------
    UserError
        If the file is not a usable generator.
    """

    def __init__(self, path: Path, device: str) -> None:
        self.device = torch.device(pick_device(device))
        self.generator, self.shape = read_generator(path, self.device)
        self.size = self.shape.size
        self.expect(())

    def expect(self, names: Sequence[str]) -> None:
        """Say what the keypoints of the patches to come are, in their order.

        The generator reads those that it has learned under the same names; its others count as not annotated, as all do
        until this is called. A patch with another number of keypoints has none that could be named.
        """
        self.expected = len(names)
        self.targets, self.sources = shared_joints(self.shape.keypoint_names, names)

    def reach(self, side: float) -> int:
        """The most px of surroundings that a region's window shows."""
        aspect = max(self.size) / min(self.size)
        return int(np.ceil(side * (0.75 * aspect)))

    def fill_all(self, patches: list[Patch], coarseness: float) -> list[np.ndarray | str]:
        """The patches with their masks filled by people, (h, w, 3) uint8; or why one is to be masked out instead.

        Reasons: ``too_small``, ``no_surroundings``, ``output_not_finite``, ``output_constant``.

        Parameters
        ----------
        patches
            Their ``rng`` gives each person's latent code, noise, and how the pose is varied.
        coarseness
            How vague outline and pose are (:func:`anonbench.generators.condition.conditions`).
        """
        results: list[np.ndarray | str] = [""] * len(patches)
        work: list[tuple[int, Task]] = []
        for index, patch in enumerate(patches):
            task = self._task(patch)
            if isinstance(task, str):
                results[index] = task
            else:
                work.append((index, task))
        size = CPU_BATCH if self.device.type == "cpu" else BATCH
        parts = [work[start : start + size] for start in range(0, len(work), size)]
        pasting: list[tuple[int, Future]] = []
        # While the network makes people, the last ones are pasted and the next ones' surroundings are prepared.
        with ThreadPoolExecutor(1) as pool, _one_thread():

            def prepared(part: list[tuple[int, Task]]) -> Future:
                views, rngs = [task.view for _, task in part], [patches[index].rng for index, _ in part]
                return pool.submit(self._prepare, views, rngs, coarseness)

            ahead = prepared(parts[0]) if parts else None
            for number, part in enumerate(parts, 1):
                inputs = ahead.result()
                ahead = prepared(parts[number]) if number < len(parts) else None
                for (index, task), output in zip(part, self._synthesize(*inputs), strict=True):
                    pasting.append((index, pool.submit(_pasted, patches[index], task, output)))
        for index, pasted in pasting:
            results[index] = pasted.result()
        return results

    def _task(self, patch: Patch) -> Task | str:
        if patch.side < SMALLEST_SIDE:
            return "too_small"
        if patch.hidden.all():
            return "no_surroundings"
        window = window_of(patch.box, self.size)
        rows, cols = np.flatnonzero(patch.mask.any(1)), np.flatnonzero(patch.mask.any(0))
        window = window.containing(cols[0], rows[0], cols[-1] + 1, rows[-1] + 1)
        fill = _share(window, patch.mask, self.size) > 0
        # A pixel of the network is known only where everything beneath it is.
        known = _share(window, ~(patch.hidden | patch.mask), self.size) == 255
        view = View(
            image=resize(window.cut(patch.image), self.size),
            fill=fill,
            known=known & ~fill,
            outline=_share(window, patch.outline, self.size) > 127,
            keypoints=self._keypoints(window, patch),
            exact=patch.exact,
        )
        return Task(window, view)

    def _keypoints(self, window: Window, patch: Patch) -> np.ndarray:
        keypoints = np.zeros((self.shape.keypoints, 3))
        if patch.keypoints is not None and len(patch.keypoints) == self.expected:
            keypoints[self.targets] = window.points(patch.keypoints[self.sources], self.size)
        return keypoints

    def _prepare(
        self, views: list[View], rngs: list[np.random.Generator], coarseness: float
    ) -> tuple[Conditions, Tensor, Tensor]:
        """What the network gets of a batch: conditions, latent codes, noise."""
        given = conditions(views, np.full(len(views), coarseness), rngs)
        code = drawn(self.generator, rngs)
        noise = np.stack([rng.standard_normal((1, *self.size[::-1]), np.float32) for rng in rngs])
        return given, code, torch.from_numpy(noise)

    @torch.inference_mode()
    def _synthesize(self, given: Conditions, code: Tensor, noise: Tensor) -> np.ndarray:
        """(B, H, W, 4) float32: colours in 0..255, not clipped, and opacity in 0..1."""
        output: Tensor = self.generator(given.to(self.device), code.to(self.device), noise.to(self.device))
        made = output.float().permute(0, 2, 3, 1).cpu().numpy()
        return np.concatenate([(made[..., :3] + 1) * 127.5, made[..., 3:]], -1)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let torch's operators use one thread of the CPU: with more they round differently."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _share(window: Window, mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """How much of each network pixel a mask covers, (H, W) uint8 in 0..255; outside of the patch nothing is covered."""
    return resize(window.cut(mask.view(np.uint8) * np.uint8(255)), size)


def _pasted(patch: Patch, task: Task, output: np.ndarray) -> np.ndarray | str:
    """The patch with the person before its ground, which keeps the image's own resolution."""
    inside = output[task.view.fill]
    if not np.isfinite(inside).all():
        return "output_not_finite"
    if inside[:, :3].clip(0, 255).std(0).max() < LEAST_CONTRAST:
        return "output_constant"
    inner, outer = _bounds(patch.mask)
    window = replace(task.window, top=task.window.top - inner[0].start, left=task.window.left - inner[1].start)
    made = np.zeros((*patch.mask[inner].shape, 4), np.float32)
    window.paste(resize(np.nan_to_num(output), (window.width, window.height)), made)
    person, opacity = _grained(made[..., :3], patch, task).clip(0, 255), made[..., 3:].clip(0, 1)
    filled = patch.image.copy()
    filled[outer] = mirrored(patch.image[outer], ~(patch.hidden | patch.mask)[outer])
    filled[inner] = np.rint(opacity * person + (1 - opacity) * filled[inner]).astype(np.uint8)
    return filled


def _grained(person: np.ndarray, patch: Patch, task: Task) -> np.ndarray:
    """A person (h, w, 3) at the image's resolution, as finely grained as the surroundings are."""
    scale = task.window.width / task.view.image.shape[1]
    if scale <= 1:
        return person
    size = task.window.width, task.window.height
    image, smooth = task.window.cut(patch.image), resize(task.view.image, size)
    # Not at the border of what is known: beyond it the image is black, which is no detail.
    known = cv2.erode(task.view.known.view(np.uint8), np.ones((5, 5)))
    known = cv2.resize(known, size, interpolation=cv2.INTER_NEAREST) > 0
    ratio = fineness(image.astype(np.float32), smooth.astype(np.float32), known, scale)
    return with_grain(person, ratio, scale, patch.rng)


def _bounds(mask: np.ndarray) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """The mask's bounding box, and a larger one that holds whatever lies behind the mask's border."""
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    more = min(width, height) // 2 + 2

    def slices(margin: int) -> tuple[slice, slice]:
        return tuple(slice(max(0, a - margin), a + n + margin) for a, n in ((top, height), (left, width)))

    return slices(0), slices(more)
