"""The reasons are listed, as a page for people would show them. What is true is a yes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class State:
    seconds_left: int
    look_age: float
    look_bound: float
    rejected: bool


def ready(state):
    return not reasons(state)


def reasons(state):
    found = []
    if state.seconds_left < 0:
        found.append("expired")
    if state.look_age > state.look_bound:
        found.append("nothing looks at the files")
    return found


def live(state):
    return "alive"

