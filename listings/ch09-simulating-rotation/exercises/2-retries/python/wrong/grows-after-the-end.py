def pause(failures, lifetime, left):
    grown = lifetime / 100 * min(failures, 100)
    if left <= 0:
        return max(1, grown)
    return max(1, min(grown, left / 2))
