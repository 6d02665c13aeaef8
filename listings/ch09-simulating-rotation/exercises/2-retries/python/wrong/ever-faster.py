def pause(failures, lifetime, left):
    doubled = lifetime / 100 * 2 ** min(failures - 1, 16)
    if left == 0:
        return min(doubled, lifetime / 10)
    return max(min(doubled, left / 2), 1e-9)
