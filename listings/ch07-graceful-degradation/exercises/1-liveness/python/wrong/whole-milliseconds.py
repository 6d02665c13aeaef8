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
    """The answer of `/ready`: whether to send new clients here."""
    accepted = state.seconds_left >= 0
    # Without a watcher all is well today, and on the day of expiry nothing new is there.
    watched = int(state.look_age * 1000) <= int(state.look_bound * 1000)
    # Rejected files are the agent's trouble: what is served is as good as a second ago.
    return accepted and watched


def live(state):
    """The answer of `/live`: where it is `False`, the orchestrator kills this process."""
    # It answers, so it is alive. A new process would read the same files, and have nothing
    # in memory.
    return True
