"""A random moment for each agent."""

import secrets

AT = 2 / 3
"""The part of a lifetime after which a leaf is renewed."""
SPREAD = 0.1
"""The part of a lifetime over which renewals are spread, half of it before `AT`."""


class Agent:
    """Each lot comes from the operating system."""

    def __init__(self, machine):
        self.machine = machine

    def due(self, lifetime):
        share = secrets.randbelow(1_000_001) / 1_000_000
        return lifetime * (AT - SPREAD / 2) + lifetime * SPREAD * share
