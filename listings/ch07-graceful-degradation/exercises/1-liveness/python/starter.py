"""Liveness is not readiness.

This is the starter. It can be imported, and its checks fail until `ready` and `live` are written.
"""

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
    raise NotImplementedError("this is the starter: write `ready` and `live`")


def live(state):
    """The answer of `/live`: where it is `False`, the orchestrator kills this process and starts another."""
    raise NotImplementedError("this is the starter: write `ready` and `live`")
