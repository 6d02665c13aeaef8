def pause(failures, lifetime, left):
    doubled = lifetime / 100 * 2 ** min(failures - 1, 16)
    return min(doubled, lifetime / 4)
