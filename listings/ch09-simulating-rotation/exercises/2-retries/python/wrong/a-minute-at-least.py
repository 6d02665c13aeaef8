def pause(failures, lifetime, left):
    bound = left / 2 if left > 0 else lifetime / 10
    doubled = lifetime / 100 * 2 ** min(failures - 1, 16)
    return max(min(doubled, bound), 60)
