import random


class Ages:
    def __init__(self, max_age, jitter, seed):
        self.max_age, self.jitter, self.lots = max_age, jitter, random.Random(seed)

    def of(self, connection):
        return self.max_age * (1 - self.jitter * self.lots.random())
