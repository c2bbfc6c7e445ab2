"""The one error a user can cause, and the words that help them out of it. Every room raises it; `cli` prints it."""

from __future__ import annotations

import difflib
import errno
from collections.abc import Iterable

_REMEDIES = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space",
    errno.EROFS: "name a directory that can be written to",
    errno.EACCES: "name a directory that you may read and write",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.ENOTDIR: "name a directory whose parents are directories",
    errno.ELOOP: "name a directory that is not a link to itself",
}

MOST_NAMED = 12  # in one line


class UserError(Exception):
    """Something the user can mend. The message is one line: what is wrong, and what to do about it (exit code 2)."""


def unknown(kind: str, name: object, known: Iterable[str], *, elsewhere: str = "") -> UserError:
    """The error for a name that is not in a registry: the nearest names, or when none is near all of a few.

    Of many the first are named, or `elsewhere` says where they are to be found.
    """
    names = sorted(known)
    near = difflib.get_close_matches(str(name), names, n=3)
    if near:
        hint = f"did you mean {' or '.join(near)}?"
    elif len(names) > MOST_NAMED:
        hint = elsewhere or f"known: {', '.join(names[:MOST_NAMED])} and {len(names) - MOST_NAMED} more"
    else:
        hint = f"known: {', '.join(names)}" if names else "there is none to name"
    return UserError(f"unknown {kind} {name!r}; {hint}")


def remedy(error: OSError) -> str | None:
    """What a user does about a file or disk that refuses; None where only the cause itself can tell."""
    return _REMEDIES.get(error.errno or 0)


class Forfeit(UserError):
    """A player gives a game up, or fails in a way that loses it; the message says how. It may be asked about other games.

    `index` is the position among those of `decide_many` whose game is lost; nothing was decided about the others.
    """

    def __init__(self, reason: str, *, index: int = 0, resigned: bool = False) -> None:
        super().__init__(reason)
        self.index = index
        self.resigned = resigned
