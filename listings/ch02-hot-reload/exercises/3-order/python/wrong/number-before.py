"""Two reloads in order."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Generation:
    """One immutable snapshot: what was in the files, and a number."""

    number: int
    """Counts up from 1."""
    serial: str
    """The serial number of the certificate in the files."""


class Store:
    """The current generation, and the one way to replace it."""

    def __init__(self, serial):
        """Serves this certificate as generation 1."""
        self.current = Generation(1, serial)

    async def reload(self, read):
        """Reads the files, and serves what they hold as the next generation."""
        number = self.current.number + 1
        serial = await read()
        if number > self.current.number:
            self.current = Generation(number, serial)
