"""Age with jitter.

This is the starter. It can be imported, and its checks fail until `Ages` is written.
"""


class Ages:
    """By when each connection of one server is asked to leave."""

    def __init__(self, max_age, jitter, seed):
        """No connection is older than `max_age` seconds when it is asked. The share `jitter` of that, from 0 to 1, is the time over
        which those that were opened together are asked. Each server draws a `seed` of its own, a whole number, when it starts.
        """
        self.max_age, self.jitter, self.seed = max_age, jitter, seed

    def of(self, connection):
        """How many seconds old this connection is when it is asked to leave. A server asks at each tick of a clock, so one connection
        has the same answer each time. Connections are numbered from 1 on each server, which runs for months, so nothing is
        kept here about any of them.
        """
        raise NotImplementedError("this is the starter: write `Ages`")
