"""A server whose reload waits for the handshakes that are in progress, for three seconds each at most, and ends only
then, as MariaDB's `FLUSH SSL` does. New clients are served meanwhile, with the old certificate."""

import socket
import ssl
import sys
import threading

certificate, key, port, path = sys.argv[1:]
moved = threading.Condition()
in_progress = set()


def load():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def shake_hands(tcp):
    me = object()
    with moved:
        in_progress.add(me)
    try:
        tcp.settimeout(3)
        return context.wrap_socket(tcp, server_side=True)
    finally:
        with moved:
            in_progress.discard(me)
            moved.notify_all()


def serve(tcp):
    try:
        with shake_hands(tcp) as tls:
            tls.settimeout(60)
            while tls.recv(4096):
                tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
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
