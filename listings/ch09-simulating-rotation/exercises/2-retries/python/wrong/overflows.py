def pause(failures, lifetime, left):
    bound = left / 2 if left > 0 else lifetime / 10
    doubled = lifetime / 100 * 2 ** (failures - 1)
    return max(min(doubled, bound), 1)
