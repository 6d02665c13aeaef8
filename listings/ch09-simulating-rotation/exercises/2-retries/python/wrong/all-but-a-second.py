"""All that is left but a second."""


def pause(failures, lifetime, left):
    if left == 0:
        return lifetime / 10
    doubled = lifetime / 100 * 2 ** min(failures - 1, 16)
    return max(min(doubled, left - 1), 1)
