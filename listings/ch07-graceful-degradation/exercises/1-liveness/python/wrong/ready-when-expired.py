from dataclasses import dataclass


@dataclass(frozen=True)
class State:
    seconds_left: int
    look_age: float
    look_bound: float
    rejected: bool


def ready(state):
    return state.look_age <= state.look_bound


def live(state):
    return True
