"""A server whose costs are known. It holds so much memory and so many descriptors for each connection, takes so much
processor time for each handshake, leaves so many descriptors at each reload, and waits so long before one.

Processor time is taken for full handshakes with TLS_AES_128_GCM_SHA256 alone, and twice as much with an RSA key: so it
is seen whether a client compares what it says that it compares.
"""

import argparse
import mmap
import os
import signal
import socket
import ssl
import threading
import time

parser = argparse.ArgumentParser()
parser.add_argument("--certificate")
parser.add_argument("--key")
parser.add_argument("--port", type=int)
parser.add_argument("--bytes", type=int, default=0)
parser.add_argument("--descriptors", type=int, default=0)
parser.add_argument("--most", type=int, default=1000)
parser.add_argument("--burn-ms", type=int, default=0)
parser.add_argument("--fork", action="store_true")
parser.add_argument("--leak", type=int, default=0)
parser.add_argument("--delay-ms", type=int, default=0)
told = parser.parse_args()
# Of an RSA key of 2048 bits some 1,700 bytes of PEM, of a P-256 one 250.
burn = told.burn_ms / 1000 * (2 if os.path.getsize(told.key) > 1000 else 1)
connections = 0


def context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(told.certificate, told.key)
    return context


def reload():
    global current
    time.sleep(told.delay_ms / 1000)
    for _ in range(told.leak):
        os.open("/dev/null", os.O_RDONLY)
    current = context()


def answer(tls):
    request = b""
    while part := tls.recv(4096):
        request += part
        if request.endswith(b"\r\n\r\n"):
            tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            request = b""


def hold(size):
    """Pages of its own, all written to. They go back to the kernel when they are closed."""
    held = mmap.mmap(-1, max(size, 1), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    while held.tell() < size:
        held.write(b"\1" * min(size - held.tell(), 4096))
    return held


def serve(tcp):
    global connections
    connections += 1
    held, files = hold(told.bytes), []
    try:
        with current.wrap_socket(tcp, server_side=True) as tls:
            files = [os.open("/dev/null", os.O_RDONLY) for _ in range(told.descriptors)]
            if tls.cipher()[0] == "TLS_AES_128_GCM_SHA256" and not tls.session_reused:
                until = time.thread_time() + burn
                while time.thread_time() < until:
                    pass
            if connections <= told.most:
                answer(tls)
    except OSError:
        pass
    finally:
        tcp.close()
        held.close()
        for file in files:
            os.close(file)
        connections -= 1


def reap(*_):
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def main():
    signal.signal(signal.SIGHUP, lambda *_: threading.Thread(target=reload).start())
    if told.fork:
        signal.signal(signal.SIGCHLD, reap)
    listener = socket.create_server(("127.0.0.1", told.port), backlog=128)
    while True:
        tcp, _ = listener.accept()
        if not told.fork:
            threading.Thread(target=serve, args=[tcp], daemon=True).start()
        elif os.fork() == 0:
            listener.close()
            serve(tcp)
            os._exit(0)
        else:
            tcp.close()


current = context()
main()
