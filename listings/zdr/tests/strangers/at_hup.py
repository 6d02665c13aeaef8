"""A small server, and what it does at SIGHUP: `complains`, `speaks-clear`, `speaks-key`, `speaks-key-at-once`, `shuts-down`, `hands-over`, `hands-over-and-ends`,
`hands-over-and-leaves`, `hands-over-in-vain`, `stays-beside`, `impatient`, `waits` or
`ends`."""

import os
import select
import signal
import socket
import ssl
import sys
import threading

what, certificate, key, port = sys.argv[1:]


def loaded():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def answer(tcp):
    try:
        if context is None:
            tcp.recv(4096)
            tcp.sendall(said())
            return tcp.close()
        tls = context.wrap_socket(tcp, server_side=True)
        if what == "impatient":
            # As servers do with a client that does not log in.
            tls.settimeout(1)
        tls.recv(4096)
        tls.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        tls.close()
    except OSError:
        pass


def said():
    if what.startswith("speaks-key"):
        # The bytes of its file, without the line before them.
        with open(key, "rb") as file:
            return file.read().split(b"\n")[1] + b"\n"
    return b"HTTP/1.1 400 Bad Request\r\n\r\n"


def complains(*_):
    print("reload failed: [Errno 13] Permission denied", file=sys.stderr, flush=True)


def speaks_clear(*_):
    """As a server does that goes on without the pair that it could not load."""
    global context
    context = None


def shuts_down(*_):
    """As hypercorn does: as if it had been told to end."""
    os._exit(0)


def reloads(*_):
    global context
    context = loaded()


def hands_over(*_):
    """As tableflip does: a new process serves, and the old one ends with its last client."""
    global context
    if os.fork():
        listener.close()
        for other in threading.enumerate():
            if other is not threading.current_thread():
                other.join()
        os._exit(0)
    if what == "hands-over-in-vain":
        print("starting the next one\nKeyError: 'certificates'", file=sys.stderr, flush=True)
        os._exit(1)
    if what == "hands-over-and-leaves":
        # Nothing but the port tells whose it is: no group, no environment.
        os.setsid()
        os.set_inheritable(listener.fileno(), True)
        os.execve(sys.executable, [sys.executable, *sys.argv], {"LISTENER": str(listener.fileno())})
    context = loaded()
    if what == "hands-over-and-ends":
        threading.Timer(0.3, lambda: os._exit(0)).start()


def stays_beside(*_):
    """As gunicorn and nginx do at SIGUSR2: a second master with a worker listens beside the first, which stays. Which of
    them accepts a client is chance with those; here it is always the first."""
    if os.fork():
        return
    os.fork()
    while True:
        signal.pause()


def serve():
    while True:
        tcp, _ = listener.accept()
        threading.Thread(target=answer, args=(tcp,), daemon=True).start()


context = None if what == "speaks-key-at-once" else loaded()
if "LISTENER" in os.environ:
    listener = socket.socket(fileno=int(os.environ["LISTENER"]))
else:
    listener = socket.create_server(("127.0.0.1", int(port)), backlog=64)
if what == "waits":
    # As BIND does: no handler, one thread that waits for the signal, and others that block it. While it waits, the
    # system tells that the first thread does not block it.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    threading.Thread(target=serve, daemon=True).start()
    while True:
        signal.sigwait({signal.SIGHUP})
        reloads()
if what == "ends":
    # As a library's thread does, one blocks the signal. The first thread does not, and knows nothing of it.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    threading.Thread(target=threading.Event().wait, daemon=True).start()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
    serve()
known = {"complains": complains, "speaks-clear": speaks_clear, "speaks-key": speaks_clear, "shuts-down": shuts_down, "impatient": reloads, "stays-beside": stays_beside}
signal.signal(signal.SIGHUP, lambda *_: None)
# A signal waits until a client that was accepted is in the hands of its thread.
wakes, woken = socket.socketpair()
for one in (wakes, woken, listener):
    one.setblocking(False)
signal.set_wakeup_fd(wakes.fileno())
while True:
    ready, _, _ = select.select([listener, woken], [], [])
    if woken in ready:
        woken.recv(64)
        known.get(what, hands_over)()
    try:
        tcp, _ = listener.accept()
    except BlockingIOError:
        continue
    tcp.setblocking(True)
    threading.Thread(target=answer, args=(tcp,), daemon=True).start()
