import random

AT = 2 / 3
SPREAD = 0.1


class Agent:
    def __init__(self, machine):
        self.part = random.Random(machine).uniform(AT - SPREAD / 2, AT + SPREAD / 2)

    def due(self, lifetime):
        return lifetime * self.part
