"""A little of Redis over TLS. Each connection ends when it is 1.5 s old, and 3.6 s after a reload the certificate from
before that comes back, as with an agent or a sidecar that writes its own copy again.
"""
import signal
import socket
import ssl
import sys
import threading
import time

certificate, key, port = sys.argv[1:]
AGE = 1.5
BACK = 3.6


def load():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


live = [load()]


def reload(*_):
    before, live[0] = live[0], load()

    def back():
        live[0] = before

    threading.Timer(BACK, back).start()


def answer(line, held):
    if line == b"MULTI":
        held.append([])
        return b"+OK\r\n"
    if line == b"PING" and held:
        held[0].append(b"+PONG\r\n")
        return b"+QUEUED\r\n"
    if line == b"EXEC" and held:
        all_of_it = held.pop()
        return b"*%d\r\n" % len(all_of_it) + b"".join(all_of_it)
    return b"+PONG\r\n" if line == b"PING" else b"+OK\r\n"


def serve(tcp):
    began = time.monotonic()
    with live[0].wrap_socket(tcp, server_side=True) as stream, stream.makefile("rb") as lines:
        held = []
        for line in lines:
            stream.sendall(answer(line.strip(), held))
            if line.strip() == b"QUIT" or time.monotonic() - began >= AGE:
                stream.unwrap()
                return


def quietly(tcp):
    try:
        serve(tcp)
    except (OSError, ValueError):
        pass


signal.signal(signal.SIGHUP, reload)
listener = socket.create_server(("127.0.0.1", int(port)), backlog=100)
while True:
    accepted, _ = listener.accept()
    threading.Thread(target=quietly, args=(accepted,), daemon=True).start()
