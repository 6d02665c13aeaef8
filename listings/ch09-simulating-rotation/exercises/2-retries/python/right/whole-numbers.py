"""Whole seconds: numbers without an end, so that no doubling overflows."""


def pause(failures, lifetime, left):
    bound = int(left // 2) if left > 0 else int(lifetime // 10)
    doubled = int(lifetime // 100) << (failures - 1)
    return max(min(doubled, bound), 1)
