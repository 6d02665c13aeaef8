"""The lab's protocol: a length, four bytes, big-endian; then that many bytes of a known body."""

import time

BLOCK = 16 * 1024  # The plaintext of one TLS record (RFC 9846, section 5.1).
_PATTERN = bytes(range(251)) * (BLOCK // 251 + 2)


def body(offset, size):
    """`size` bytes of the endless body, at most a block, from `offset` on."""
    start = offset % 251
    return _PATTERN[start:start + size]


ROOM_BOUND = 30  # Seconds in which a client that asks must make room for the next block of its answer.
REQUEST_BOUND = 30  # Seconds for the rest of a request.
IDLE_BOUND = 600  # Seconds until the next request begins: a client that has vanished is not heard of again.


def request(stream, bound=REQUEST_BOUND, idle=IDLE_BOUND):
    """The length that a client asks for, or `None` where it has said goodbye. What it begins it must finish, and it
    must begin."""
    stream.settimeout(idle)
    got = receive(stream, 1)
    end = time.monotonic() + bound
    # One bound for all of the rest: a byte now and then does not begin another.
    while 0 < len(got) < 4:
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"{len(got)} bytes of 4")
        stream.settimeout(left)
        part = stream.recv(4 - len(got))
        if not part:
            raise EOFError(f"{len(got)} bytes of 4")
        got += part
    stream.settimeout(None)
    return int.from_bytes(got, "big") if got else None


def send(stream, block, bound=ROOM_BOUND):
    """A block of an answer. A client may read as slowly as it likes, and must not stop."""
    stream.settimeout(bound)
    stream.sendall(block)
    stream.settimeout(None)


def receive(stream, size):
    """Exactly `size` bytes, or nothing where the other side has said goodbye before the first."""
    got = b""
    while len(got) < size:
        part = stream.recv(size - len(got))
        if not part and got:
            raise EOFError(f"{len(got)} bytes of {size}")
        if not part:
            return b""
        got += part
    return got
