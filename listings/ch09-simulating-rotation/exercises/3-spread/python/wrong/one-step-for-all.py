import random

AT = 2 / 3
SPREAD = 0.1


class Agent:
    def __init__(self, machine):
        self.place = random.Random(machine).random()

    def due(self, lifetime):
        due = lifetime * (AT + SPREAD * (self.place - 0.5))
        self.place = (self.place + 0.618) % 1
        return due
