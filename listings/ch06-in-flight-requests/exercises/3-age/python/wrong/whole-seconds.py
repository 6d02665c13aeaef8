import random


class Ages:
    def __init__(self, max_age, jitter, seed):
        self.max_age, self.jitter, self.seed = max_age, jitter, seed

    def of(self, connection):
        share = random.Random(f"{self.seed} {connection}").random()
        return round(self.max_age * (1 - self.jitter * share))
