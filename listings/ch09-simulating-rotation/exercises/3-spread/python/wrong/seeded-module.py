import random

AT = 2 / 3
SPREAD = 0.1

random.seed("agent 1.4.2")


class Agent:
    def __init__(self, machine):
        pass

    def due(self, lifetime):
        return lifetime * random.uniform(AT - SPREAD / 2, AT + SPREAD / 2)
