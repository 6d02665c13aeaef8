"""A client that calls a server over and over, each time under the current identity, and keeps its
first connection open meanwhile."""

import itertools
import socket
import time

import wire
from event import emit

BOUND = 30  # Seconds.


# ANCHOR: connect
def connect(store, server):
    """Opens a connection under the current generation, which stays that of the connection."""
    # One snapshot for one connection. The next connection takes its own.
    generation = store.current()
    tcp = socket.create_connection(server, timeout=BOUND)
    try:
        tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        context = generation.identity.context
        return context.wrap_socket(tcp, server_hostname=store.source.names[0]), generation
    except OSError:
        tcp.close()
        raise
# ANCHOR_END: connect


class Connection:
    """A connection, and what the log says of it."""

    def __init__(self, store, server, number):
        self.number = number
        self.stream, self.generation = connect(store, server)
        self.bytes = 0
        tls = self.stream.version()[len("TLSv"):]
        emit("connection_opened", connection=number, generation=self.generation.number,
             resumed=bool(self.stream.session_reused), tls=tls)

    def ask(self):
        """Asks for one byte, and checks it. In TLS 1.3 this is where a client learns that the
        server did not take its certificate."""
        try:
            self.stream.sendall((1).to_bytes(4, "big"))
            got = wire.receive(self.stream, 1)
            if got != wire.body(self.bytes, 1):
                raise EOFError(f"byte {self.bytes} is {got!r}")
        except (OSError, EOFError):
            self._closed("cut")
            self.stream.close()
            raise
        self.bytes += 1

    def close(self):
        """Says goodbye."""
        try:
            self.stream.unwrap()
        except OSError:
            pass  # The server may be gone already; then there is nobody to say goodbye to.
        self.stream.close()
        self._closed("client_closed")

    def _closed(self, why):
        emit("connection_closed", connection=self.number, generation=self.generation.number,
             bytes=self.bytes, why=why)


def call(store, server, every_ms, until):
    """Calls until a call under generation `until` is done; 0 goes on forever."""
    numbers = itertools.count(1)
    held = Connection(store, server, next(numbers))
    while True:
        held.ask()
        try:
            connection = Connection(store, server, next(numbers))
            connection.ask()
            connection.close()
            if until and connection.generation.number >= until:
                break
        except (OSError, EOFError) as why:
            emit("probe_failed", why=str(why))
        time.sleep(every_ms / 1000)
    held.close()
