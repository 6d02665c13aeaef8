import random

AT = 2 / 3
SPREAD = 0.1


class Agent:
    def __init__(self, machine):
        self.lot = random.Random(machine)

    def due(self, lifetime):
        return lifetime * 2 // 3 + lifetime // 10 * int(self.lot.random() - 0.5)
