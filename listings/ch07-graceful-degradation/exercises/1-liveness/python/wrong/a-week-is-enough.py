"""Liveness is not readiness."""

from dataclasses import dataclass


@dataclass(frozen=True)
class State:
    """What a server knows of itself when a probe asks."""

    seconds_left: int
    """Seconds until clients reject what is served as expired. 0 in the last second, negative after it."""
    look_age: float
    """How many seconds ago the last look at the files ended."""
    look_bound: float
    """The age at which the watcher counts as dead."""
    rejected: bool
    """Whether that look rejected the files. Then what was served before goes on being served."""


def ready(state):
    return state.seconds_left >= 0 and (state.look_age <= state.look_bound or state.seconds_left > 7 * 24 * 3600)


def live(state):
    return True
