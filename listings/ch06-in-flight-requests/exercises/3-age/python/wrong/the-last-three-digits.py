"""Age with jitter."""

import random


class Ages:
    """By when each connection of one server is asked to leave."""

    def __init__(self, max_age, jitter, seed):
        """Each server draws a `seed` of its own when it starts."""
        self.max_age, self.jitter, self.seed = max_age, jitter, seed

    def of(self, connection):
        """How many seconds old this connection is when it is asked to leave."""
        share = random.Random(f"{self.seed} {connection % 1000}").random()
        # Shorter, and never longer: operators rely on the limit.
        return self.max_age * (1 - self.jitter * share)
