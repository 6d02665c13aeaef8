"""It draws once for each connection, and remembers."""

import random


class Ages:
    def __init__(self, max_age, jitter, seed):
        self.max_age, self.jitter, self.drawn = max_age, jitter, {}

    def of(self, connection):
        if connection not in self.drawn:
            self.drawn[connection] = self.max_age - random.uniform(0, self.max_age * self.jitter)
        return self.drawn[connection]
