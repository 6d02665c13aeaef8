"""A hundredth of the lifetime after each failure, and half of what is left near the end."""


def pause(failures, lifetime, left):
    bound = left / 2 if left > 0 else lifetime / 10
    return max(min(lifetime / 100, bound), 1)
