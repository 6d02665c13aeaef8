"""A lot for each agent, in whole seconds."""

import random

AT = 2 / 3
SPREAD = 0.1


class Agent:
    """Renews one machine's leaf again and again."""

    def __init__(self, machine):
        self.lot = random.Random(machine)

    def due(self, lifetime):
        first, last = lifetime * (AT - SPREAD / 2), lifetime * (AT + SPREAD / 2)
        return min(round(self.lot.uniform(first, last)), int(last))
