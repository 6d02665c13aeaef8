"""The number of its process and the time are its seed."""

import os
import random
import time

AT = 2 / 3
SPREAD = 0.1


class Agent:
    def __init__(self, machine):
        self.lot = random.Random(f"{os.getpid()} {time.time_ns()}")

    def due(self, lifetime):
        return lifetime * self.lot.uniform(AT - SPREAD / 2, AT + SPREAD / 2)
