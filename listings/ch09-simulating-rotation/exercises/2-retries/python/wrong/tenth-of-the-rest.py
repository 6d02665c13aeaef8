"""A tenth of what is left, and no count of failures: pauses shrink towards the end instead of growing first."""


def pause(failures, lifetime, left):
    return max(left / 10, lifetime / 1000)
