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
        self._clear, self._shown = (_mean(album) for album in (case.known.clear, case.known.shown))
        cross, power = 0.0, 0.0
        pairs = zip(_padded(case.known.clear, self._clear), _padded(case.known.shown, self._shown), strict=True)
        for clear, shown in pairs:
            clear, shown = rfft2(clear, axes=(0, 1)), rfft2(shown, axes=(0, 1))
            cross = cross + (clear * shown.conj()).mean(2)
            power = power + (np.abs(shown) ** 2).mean(2)
        height, width = power.shape[0], 2 * (power.shape[1] - 1)
        self._filter = (cross / (power + len(case.known) * _ROUNDING * height * width))[..., None]

    def restored(self, people: Album) -> np.ndarray:
        pictures = []
        for picture in _padded(people, self._shown):
            spectrum = rfft2(picture, axes=(0, 1)) * self._filter
            restored = irfft2(spectrum, s=picture.shape[:2], axes=(0, 1)) + self._clear
            pictures.append(restored[_AROUND:-_AROUND, _AROUND:-_AROUND])
        return np.stack(pictures).round().clip(0, 255).astype(np.uint8)


def _mean(people: Album) -> np.ndarray:
    """The mean colour (3,) within the regions."""
    return people.images()[people.masks()].mean(0, dtype=np.float64)


def _padded(people: Album, mean: np.ndarray) -> Iterator[np.ndarray]:
    """Pictures relative to a colour, which continue beyond the region."""
    for image, mask in zip(people.images(), people.masks(), strict=True):
        around = ((_AROUND, _AROUND), (_AROUND, _AROUND), (0, 0))
        yield np.pad(extended(image, mask) - mean, around, mode="symmetric")
