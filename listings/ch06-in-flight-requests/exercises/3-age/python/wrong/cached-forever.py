"""Age with jitter."""

import functools
import random


class Ages:
    """By when each connection of one server is asked to leave."""

    def __init__(self, max_age, jitter, seed):
        self.max_age, self.jitter = max_age, jitter
        self.seed = seed

    @functools.cache
    def of(self, connection):
        return self.max_age * (1 - self.jitter * random.random())
