"""A lot for each agent."""

import random

AT = 2 / 3
SPREAD = 0.1


class Agent:
    """Renews one machine's leaf again and again."""

    def __init__(self, machine):
        self.lot = random.Random(machine)

    def due(self, lifetime):
        return lifetime * (AT - SPREAD / 2 + SPREAD * self.lot.randint(0, 100) / 100)
