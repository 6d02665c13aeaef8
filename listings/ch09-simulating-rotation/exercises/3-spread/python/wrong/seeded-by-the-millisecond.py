import random
import time

AT = 2 / 3
SPREAD = 0.1


class Agent:
    def __init__(self, machine):
        self.lot = random.Random(int(time.time() * 1000))

    def due(self, lifetime):
        return lifetime * self.lot.uniform(AT - SPREAD / 2, AT + SPREAD / 2)
