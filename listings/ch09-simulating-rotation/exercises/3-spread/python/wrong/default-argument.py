import random

AT = 2 / 3
SPREAD = 0.1


class Agent:
    def __init__(self, machine):
        pass

    def due(self, lifetime, part=random.uniform(AT - SPREAD / 2, AT + SPREAD / 2)):
        return lifetime * part
