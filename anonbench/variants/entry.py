"""One image of a variant: what is put into it, and what became of its regions."""

from __future__ import annotations

from anonbench.common.records import Record


class Edit(Record):
    """The picture of what changed in an image: the digest of its bytes, and where its corner lies, in px."""

    left: int
    top: int
    sha256: str


class Dropped(Record):
    """What training leaves out of an image: the image itself, or the labels with these annotation ids."""

    image: bool = False
    labels: list[int] = []


class Entry(Record):
    """One image.

    Parameters
    ----------
    sha256
        Of the split's own file.
    regions
        All of its regions. The rest speaks of those that were to be anonymized, and not of a left out image's.
    fallbacks
        Those that were not anonymized by the method, by reason.
    shares
        Which share of each region's pixels has changed (:class:`anonbench.anonymize.frame.Anonymized`).
    left
        In how many regions no pixel has.
    left_on_purpose
        How many regions were not to be anonymized; None where all were.
    restored_pixels
        Of a user's own command alone: how many pixels outside of regions it had changed, which were put back.
    edit
        What the variant puts into the image; None where it shows the original.
    dropped
        What training does not get to see; None where it sees all.
    """

    file_name: str
    sha256: str
    regions: int = 0
    fallbacks: dict[str, int] = {}
    shares: list[float | None] = []
    left: int = 0
    restored_pixels: int | None = None
    left_on_purpose: int | None = None
    edit: Edit | None = None
    dropped: Dropped | None = None

    @property
    def is_left_out(self) -> bool:
        """Whether nobody may be shown the image."""
        return self.dropped is not None and self.dropped.image

    @property
    def removed_labels(self) -> list[int]:
        """The ids of the annotations that training does not see, beside those of a left out image."""
        return self.dropped.labels if self.dropped else []
