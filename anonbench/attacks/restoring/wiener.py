"""The linear filter that restores best."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.fft import irfft2, rfft2

from anonbench.attacks.attack import Case
from anonbench.attacks.people import Album
from anonbench.attacks.restoring.pictures import extended
from anonbench.attacks.restoring.restorer import Restorer

_AROUND = 16  # px of reflected margin, so that the picture does not wrap around
_ROUNDING = 1 / 12  # the variance of rounding to whole grey levels


class Wiener(Restorer):
    """The shift-invariant linear filter of least squared error (Wiener, 1949).

    Its transfer function is the cross spectrum of clear and shown pictures over the power spectrum of the shown ones.
    Where ``shown = h * clear + noise``, that is ``H* S / (|H|² S + N)``: deconvolution with the exact kernel, as far as
    the noise allows. Both spectra are those of the known people, who went through the very pipeline, coarse grids and
    rounding to 8 bits included.
    """

    def learn(self, case: Case) -> None:
        cross, power = 0.0, 0.0
        for clear, shown in zip(_spectra(case.known.clear), _spectra(case.known.shown), strict=True):
            cross = cross + clear * shown.conj()
            power = power + np.abs(shown) ** 2
            pixels = shown.shape[0] * 2 * (shown.shape[1] - 1)
        self._filter = (cross.mean(2) / (power.mean(2) + len(case.known) * _ROUNDING * pixels))[..., None]

    def restored(self, people: Album) -> np.ndarray:
        pictures = []
        for picture in _padded(people):
            mean = picture.mean((0, 1))
            spectrum = rfft2(picture - mean, axes=(0, 1)) * self._filter
            restored = irfft2(spectrum, s=picture.shape[:2], axes=(0, 1)) + mean
            pictures.append(restored[_AROUND:-_AROUND, _AROUND:-_AROUND])
        return np.stack(pictures).round().clip(0, 255).astype(np.uint8)


def _padded(people: Album) -> Iterator[np.ndarray]:
    for image, mask in zip(people.images(), people.masks(), strict=True):
        around = ((_AROUND, _AROUND), (_AROUND, _AROUND), (0, 0))
        yield np.pad(extended(image, mask).astype(np.float64), around, mode="symmetric")


def _spectra(people: Album) -> Iterator[np.ndarray]:
    """(h, w // 2 + 1, 3) of each picture, its mean colour taken off."""
    for picture in _padded(people):
        yield rfft2(picture - picture.mean((0, 1)), axes=(0, 1))
