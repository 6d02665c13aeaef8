"""A random moment for each agent.

This is the starter. It can be imported, and its checks fail until `Agent` is written.
"""

AT = 2 / 3
"""The part of a lifetime after which a leaf is renewed."""
SPREAD = 0.1
"""The part of a lifetime over which renewals are spread, half of it before `AT`."""


class Agent:
    """Renews one machine's leaf again and again."""

    def __init__(self, machine):
        """The agent of the machine that has this name. No two machines share one. Each runs it in a process of its own; the checks run
        all of them on one host.
        """
        raise NotImplementedError("this is the starter: write `Agent`")

    def due(self, lifetime):
        """How many seconds after its issue the next leaf, which lives for so many seconds, is renewed. Asked once for each leaf."""
        raise NotImplementedError("this is the starter: write `Agent`")
