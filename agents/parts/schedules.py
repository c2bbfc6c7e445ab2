"""Numbers that change with the share of the steps that are done. Agents ask for them; nothing depends on the clock."""

from __future__ import annotations


def linear(start: float, end: float, *, share: float, over: float = 1.0) -> float:
    """From start to end over the first `over` of all steps, and end from then on. `share` is of all steps, from 0 to 1."""
    return start + (end - start) * min(1.0, share / over if over > 0 else 1.0)
