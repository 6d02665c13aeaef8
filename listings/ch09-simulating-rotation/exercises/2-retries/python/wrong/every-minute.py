def pause(failures, lifetime, left):
    return 60
