"""Retries that end before the certificate does."""

# Seconds. A shorter pause would hammer the authority, also when the end is near.
SHORTEST = 1


def pause(failures, lifetime, left):
    """How long to wait after so many failures in a row (1 or more), when `left` is left of a
    certificate that lives for `lifetime`. After its end, `left` is zero. All are seconds."""
    # Of what is left it takes half at most, so there is always another try before the end.
    bound = left / 2 if left > 0 else lifetime / 2
    # A whole number of Python has no end, and a float has one: the doublings are bounded.
    doubled = lifetime / 100 * 2 ** min(failures - 1, 16)
    return max(min(doubled, bound), SHORTEST)
