"""The recipe in Python, asked as the twins are: a set of files on each line of stdin, and what it makes of
them on each line of stdout. What it would load is served, until the next is asked for."""

import contextlib
import json
import socket
import ssl
import sys
import threading

from rotating import Rejected, Rotating

BOUND = 30  # Seconds, for a client.


class Reader(Rotating):
    """Only what reads: nothing is followed."""

    def __init__(self, files):
        self._files, self._names, self._chain = files, ("localhost",), []


def answer(near, context):
    """One request, in the lab's protocol."""
    near.settimeout(BOUND)
    # How a connection ends is its client's business.
    with contextlib.suppress(OSError), context.wrap_socket(near, server_side=True) as stream:
        if stream.recv(4):
            stream.sendall(b"!")
            stream.recv(1)  # Until the client has left.


def serve(listener, current):
    while True:
        near, _ = listener.accept()
        threading.Thread(target=answer, args=(near, current[0]), daemon=True).start()


def main():
    listener, current = socket.create_server(("127.0.0.1", 0)), [None]
    threading.Thread(target=serve, args=(listener, current), daemon=True).start()
    for line in sys.stdin:
        question = json.loads(line)
        reader = Reader([question[file] for file in ("certificate", "key", "roots")])
        said = {"outcome": "loaded", "port": listener.getsockname()[1]}
        try:
            current[0], _ = reader._judge(*reader._read())
        except Rejected as why:
            said.update(outcome=why.reason, file=why.file, detail=why.detail)
        except Exception as why:
            said.update(outcome="exception", file="", detail=repr(why))
        print(json.dumps(said), flush=True)


main()
