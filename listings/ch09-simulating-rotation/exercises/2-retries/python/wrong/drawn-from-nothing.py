"""Retries that end before the certificate does."""

import random


def pause(failures, lifetime, left):
    """How long to wait after so many failures in a row (1 or more), when `left` is left of a
    certificate that lives for `lifetime`. After its end, `left` is zero. All are seconds."""
    # Of what is left it takes half at most, so there is always another try before the end.
    bound = left / 2 if left > 0 else lifetime / 10
    # A whole number of Python has no end, and a float has one: the doublings are bounded.
    doubled = lifetime / 100 * 2 ** min(failures - 1, 16)
    # A fleet that failed together does not come back together.
    return max(random.uniform(0, min(doubled, bound)), 0.1)

