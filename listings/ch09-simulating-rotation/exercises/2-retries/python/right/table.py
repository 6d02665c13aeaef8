"""The first pauses stand in a table."""

MINUTE, HOUR = 60, 3600
FIRST = [MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR]


def pause(failures, lifetime, left):
    stated = FIRST[failures - 1] if failures <= len(FIRST) else 8 * HOUR
    if not left:
        return min(lifetime / 12, 8 * HOUR)
    return max(1, min(stated, lifetime // 20, left // 3))
