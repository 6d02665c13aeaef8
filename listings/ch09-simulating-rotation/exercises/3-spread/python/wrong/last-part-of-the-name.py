"""A random moment for each agent."""

import random

AT = 2 / 3
"""The part of a lifetime after which a leaf is renewed."""
SPREAD = 0.1
"""The part of a lifetime over which renewals are spread, half of it before `AT`."""


class Agent:
    """Renews one machine's leaf again and again."""

    def __init__(self, machine):
        """The agent of the machine that has this name. No two machines share one."""
        # The image and the second of the start are those of the whole fleet; the name is not.
        self.lot = random.Random(machine.rpartition("-")[2])

    def due(self, lifetime):
        """How many seconds after its issue the next leaf, which lives for so many seconds, is
        renewed. Asked once for each leaf."""
        # A new lot each time: two agents that met once do not meet forever.
        return lifetime * self.lot.uniform(AT - SPREAD / 2, AT + SPREAD / 2)
