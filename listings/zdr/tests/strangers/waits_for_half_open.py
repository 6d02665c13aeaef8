"""A server whose reload waits for the handshakes that are in progress, for three seconds each at most, and ends only
then, as MariaDB's `FLUSH SSL` does. New clients are served meanwhile, with the old certificate. With `requests` as the
last argument, it waits for the first request of each connection instead."""

import contextlib
import socket
import ssl
import sys
import threading

certificate, key, port, path, *instead = sys.argv[1:]
moved = threading.Condition()
in_progress = set()


def load():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


@contextlib.contextmanager
def progress(counts):
    me = object()
    with moved:
        if counts:
            in_progress.add(me)
    try:
        yield
    finally:
        with moved:
            in_progress.discard(me)
            moved.notify_all()


def serve(tcp):
    try:
        tcp.settimeout(3)
        with progress(not instead):
            tls = context.wrap_socket(tcp, server_side=True)
        with tls:
            with progress(instead):
                asked = tls.recv(4096)
            tls.settimeout(60)
            while asked:
                tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
                asked = tls.recv(4096)
    except OSError:
        tcp.close()


def reload(asked):
    global context
    with asked:
        with moved:
            before = set(in_progress)
            moved.wait_for(lambda: not before & in_progress)
        context = load()
        asked.sendall(b"done\n")


def take(listener, task):
    while True:
        threading.Thread(target=task, args=(listener.accept()[0],), daemon=True).start()


context = load()
with socket.socket(socket.AF_UNIX) as told, socket.create_server(
    ("127.0.0.1", int(port)), backlog=128
) as listener:
    told.bind(path)
    told.listen()
    threading.Thread(target=take, args=(told, reload), daemon=True).start()
    take(listener, serve)
