"""The one exception for mistakes a user can mend."""

from __future__ import annotations


class UserError(Exception):
    """A mistake in a configuration, archive, annotation or image that the user can mend.

    Parameters
    ----------
    what
        One sentence that names the file or configuration key and says what is wrong with it.
    mend
        One sentence that says what to do about it.
    """

    def __init__(self, what: str, mend: str) -> None:
        self.what = what
        self.mend = mend
        super().__init__(f"{what} {mend}")

    def __reduce__(self) -> tuple[type[UserError], tuple[str, str]]:
        """Both sentences, so that the error survives the way back from a worker process."""
        return type(self), (self.what, self.mend)
