import itertools
import random

AT = 2 / 3
SPREAD = 0.1

if not hasattr(random, "agents"):
    random.agents = itertools.count(1)


class Agent:
    def __init__(self, machine):
        self.lot = random.Random(next(random.agents))

    def due(self, lifetime):
        return lifetime * self.lot.uniform(AT - SPREAD / 2, AT + SPREAD / 2)
