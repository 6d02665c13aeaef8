def pause(failures, lifetime, left):
    return max(left / 2, lifetime / 1000)
