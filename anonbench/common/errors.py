"""The one exception for mistakes that a user can fix, and what to say of a name that does not exist."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """A mistake in a configuration, archive, annotation or image that the user can fix.

    Parameters
    ----------
    problem
        One sentence that names the file or configuration key and says what is wrong with it.
    fix
        One sentence that says what to do about it.
    """

    def __init__(self, problem: str, fix: str) -> None:
        self.problem = problem
        self.fix = fix
        super().__init__(f"{problem} {fix}")

    def __reduce__(self) -> tuple[type[UserError], tuple[str, str]]:
        """Both sentences, so that the error survives the way back from a worker process."""
        return type(self), (self.problem, self.fix)


def suggest(name: object, known: Iterable[object]) -> str:
    """What a user may have meant by a name that does not exist, as a sentence.

    Parameters
    ----------
    name
        What the user wrote.
    known
        The names that exist.
    """
    names = [str(one) for one in known]
    close = difflib.get_close_matches(str(name), names, n=1)
    if close:
        return f"Did you mean {close[0]!r}?"
    return f"Choose from {', '.join(names)}." if names else "None is defined."
