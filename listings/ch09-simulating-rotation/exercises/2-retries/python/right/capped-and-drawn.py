"""Each pause is drawn between the half and the whole of what it may be."""

import random


def pause(failures, lifetime, left):
    if left <= 0:
        longest = lifetime / 20
    else:
        longest = min(lifetime / 60 * 1.5 ** min(failures - 1, 50), lifetime / 30, left / 2)
    return max(1.0, random.uniform(longest / 2, longest))
