"""Each lot is made of the name and the number of the renewal."""

import hashlib

AT = 2 / 3
SPREAD = 0.1


class Agent:
    def __init__(self, machine):
        self.machine, self.renewal = machine, 0

    def due(self, lifetime):
        self.renewal += 1
        lot = hashlib.sha256(f"{self.machine} {self.renewal}".encode()).digest()
        return lifetime * (AT + SPREAD * (int.from_bytes(lot) / 256**32 - 0.5))
