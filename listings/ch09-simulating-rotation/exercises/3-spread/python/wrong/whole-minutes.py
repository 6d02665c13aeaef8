import random

AT = 2 / 3
SPREAD = 0.1


class Agent:
    def __init__(self, machine):
        self.lot = random.Random(machine)

    def due(self, lifetime):
        return round(lifetime * self.lot.uniform(AT - SPREAD / 2, AT + SPREAD / 2) / 60) * 60
