"""It needs no generator: a hash of both numbers is a share."""

import hashlib


class Ages:
    def __init__(self, max_age, jitter, seed):
        self.max_age, self.jitter, self.seed = max_age, jitter, seed

    def of(self, connection):
        share = int.from_bytes(hashlib.sha256(f"{self.seed} {connection}".encode()).digest()) / 256**32
        return self.max_age * (1 - self.jitter * share)
