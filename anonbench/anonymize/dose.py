"""Who of an image is anonymized where a level's ``share`` leaves some people visible on purpose."""

from __future__ import annotations

from anonbench.common.files import sha256_of
from anonbench.regions.files import RegionRecord, decode_region
from anonbench.regions.footprint import NOT_LOCATED, footprint


def anonymized_part(
    records: list[RegionRecord], file_name: str, size: tuple[int, int], seed: int, share: float
) -> list[RegionRecord]:
    """The regions of the people who are drawn to be anonymized, in their order.

    Each person has a number of their own, which follows from the seed, the image's name and the annotation: whoever is
    drawn for a share is drawn for every larger one, and by every method. Where nobody knows where somebody is, all are
    anonymized, since the whole image is hidden.

    Parameters
    ----------
    records
        All regions of the image.
    file_name
        Of the image.
    size
        (width, height) px.
    seed
        Base of everything random.
    share
        Of the people, 0 to 1.
    """
    if share >= 1 or any(_is_anywhere(record, size) for record in records):
        return records
    return [record for number, record in enumerate(records) if _number(record, number, file_name, seed) < share]


def _is_anywhere(record: RegionRecord, size: tuple[int, int]) -> bool:
    return footprint(decode_region(record), size[::-1], lambda side: 0).problem == NOT_LOCATED


def _number(record: RegionRecord, number: int, file_name: str, seed: int) -> float:
    """A person's number, evenly spread over 0 to 1, without 1."""
    person = f"stranger {number}" if record.annotation_id is None else record.annotation_id
    text = f"{seed} {person} {file_name}"
    return int(sha256_of(text.encode("utf-8", "surrogateescape"))[:13], 16) / 16**13
