def pause(failures, lifetime, left):
    if left <= 0:
        return float("inf")
    doubled = lifetime / 100 * 2 ** min(failures - 1, 16)
    return max(min(doubled, left / 2), 1)
