"""It asks the host for its name, in place of the name that it is given."""

import random
import socket

AT = 2 / 3
SPREAD = 0.1


class Agent:
    def __init__(self, machine):
        self.lot = random.Random(socket.gethostname())

    def due(self, lifetime):
        return lifetime * self.lot.uniform(AT - SPREAD / 2, AT + SPREAD / 2)
