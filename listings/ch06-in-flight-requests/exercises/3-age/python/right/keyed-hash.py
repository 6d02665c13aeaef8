"""Age with jitter."""

import hashlib


class Ages:
    """A hash of the number, under the seed as its key."""

    def __init__(self, max_age, jitter, seed):
        self.longest = max_age
        self.jitter = max_age * jitter
        self.key = str(seed).encode()

    def of(self, connection):
        lot = hashlib.blake2b(str(connection).encode(), key=self.key[:64], digest_size=8).digest()
        return self.longest - self.jitter * int.from_bytes(lot) / 2**64
