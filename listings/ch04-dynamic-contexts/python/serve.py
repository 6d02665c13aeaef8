"""Accept connections, each in a thread of its own."""

import itertools
import socket
import ssl
import sys
import threading
import time

import wire
from event import emit

HANDSHAKE_BOUND = 10  # Seconds. A client that says nothing must not hold a thread forever.
AGAIN = 60  # Seconds. While clients cannot be accepted the log says so that often, and not twenty times a second.
_numbers = itertools.count(1)


def listen(port):
    """Binds a listener and logs `listening`."""
    listener = socket.create_server(("127.0.0.1", port), backlog=128)
    emit("listening", port=listener.getsockname()[1])
    return listener


def unraisable(what):
    """A client that asks for a name that is not ASCII ends its own handshake. Python would write of it to the log."""
    if not isinstance(what.exc_value, UnicodeDecodeError):
        sys.__unraisablehook__(what)


def serve(listener, front):
    """Accepts connections forever, all by the one context `front`."""
    sys.unraisablehook, told = unraisable, None
    while True:
        try:
            tcp, _ = listener.accept()
            _begin(tcp, front)
            if told is not None:
                emit("fault_ended", fault="accept_failed")
            told = None
        except (OSError, RuntimeError) as why:
            if told is None or time.monotonic() - told >= AGAIN:
                told = time.monotonic()
                emit("accept_failed", why=str(why))
            time.sleep(0.05)  # Descriptors and threads come back; retrying at once would only burn a core.


def _begin(tcp, front):
    """Serves this client on a thread, or closes its connection where none can be had."""
    try:
        threading.Thread(target=_connection, args=(tcp, front), daemon=True).start()
    except RuntimeError:
        tcp.close()
        raise


def _connection(tcp, front):
    with tcp:
        tcp.settimeout(HANDSHAKE_BOUND)
        try:
            tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # By default a connection that is cut looks as one that was closed.
            stream = front.wrap_socket(tcp, server_side=True, suppress_ragged_eofs=False)
        except OSError as why:
            emit("handshake_failed", why=str(why))
            return
        with stream:
            _converse(stream)


def _converse(stream):
    number, resumed = next(_numbers), bool(stream.session_reused)
    # On resumption no certificate was sent, whatever the callback picked.
    generation = None if resumed else stream.generation
    tls = stream.version()[len("TLSv"):]
    emit("connection_opened", connection=number, generation=generation, resumed=resumed, tls=tls)
    sent, why = 0, "client_closed"
    try:
        while (left := wire.request(stream)) is not None:
            while left:
                block = wire.body(sent, min(left, wire.BLOCK))
                wire.send(stream, block)
                sent += len(block)
                left -= len(block)
    except (OSError, EOFError):
        why = "cut"
    try:
        stream.settimeout(HANDSHAKE_BOUND)  # A goodbye needs room, and waits for the client's.
        stream.unwrap()
    except (OSError, ssl.SSLError):
        pass  # The client has left; whether our goodbye reaches it no longer matters.
    emit("connection_closed", connection=number, generation=generation, bytes=sent, why=why)
