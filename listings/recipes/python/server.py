"""A server whose certificate rotates while it runs: CHAIN KEY ROOTS NAME ADDRESS, and the seconds between
two looks at the files."""

import hashlib
import json
import os
import signal
import sys
import time
from contextlib import suppress
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Full, Queue
from socket import SHUT_RDWR, socket
from ssl import cert_time_to_seconds
from threading import Thread, Timer

from rotating import POLL, Rotating

ANSWERS = {"/": b"hello\n", "/large": b"." * (16 << 20)}


# ANCHOR: server
class Server(ThreadingHTTPServer):
    daemon_threads, request_queue_size = True, 128

    def finish_request(self, request, client_address):
        """Runs in a thread of the connection's own, so that a slow handshake delays no other."""
        request.settimeout(10)
        with self.rotating.context.wrap_socket(request, server_side=True) as tls:
            super().finish_request(tls, client_address)

    def handle_error(self, request, client_address):
        """How a connection ends is its client's business."""


class Answer(BaseHTTPRequestHandler):
    protocol_version, disable_nagle_algorithm = "HTTP/1.1", True
    timeout = 60  # Seconds to wait for a request, or for room for an answer.

    def handle_one_request(self):
        # A byte now and then would begin the timeout of the socket anew.
        self.late = Timer(self.timeout, socket.shutdown, (self.request, SHUT_RDWR))
        self.late.start()
        try:
            super().handle_one_request()
        finally:
            self.late.cancel()

    def do_GET(self):
        self.late.cancel()
        body = ANSWERS.get(self.path, b"")
        self.send_response(200 if body else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Requests are not logged."""


def main(chain, key, roots, name, address, poll=POLL):
    # Agents and systemd say "reload" by it, and it would end the process. The files are looked at anyway.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    sys.unraisablehook = unraisable
    host, port = address.rsplit(":", 1)
    rotating = Rotating((chain, key, roots), (name,), Hook(), float(poll))
    with Server((host, int(port)), Answer) as server:
        server.rotating = rotating
        server.serve_forever()
# ANCHOR_END: server


def unraisable(what):
    """A client that asks for a name that is not ASCII ends its own handshake. Python would write of it to the log."""
    if not isinstance(what.exc_value, UnicodeDecodeError):
        sys.__unraisablehook__(what)


class Hook:
    """Logs what is news. A metric would be set here as well: the end of what is served, the moment of the
    last look, a count of rejections by their reason."""

    LINES = 1024  # So many wait for the reader of the log at most.

    def __init__(self):
        self.generation, self.told = 0, None
        self.lines, self.lost = Queue(self.LINES), 0
        Thread(target=self.write, daemon=True).start()

    def __call__(self, loaded, rejected):
        if loaded:
            self.generation += 1
            not_after = datetime.fromtimestamp(cert_time_to_seconds(loaded["notAfter"]), timezone.utc)
            self.emit("identity_loaded", generation=self.generation,
                      serial=loaded["serialNumber"].lower().lstrip("0"),
                      not_after=not_after.strftime("%Y-%m-%dT%H:%M:%SZ"),
                      chain_sha256=hashlib.sha256(b"".join(loaded["chain"])).hexdigest())
        news = rejected and (rejected.reason, rejected.file)  # The detail may hold the time.
        if news and news != self.told:
            about = {"reason": rejected.reason, "file": rejected.file, "detail": rejected.detail}
            if self.generation:
                self.emit("identity_rejected", generation=self.generation, **about)
            else:
                self.emit("identity_awaited", **about)
        self.told = news

    def emit(self, event, **fields):
        """Has a line written, or counts it as lost. The next one that finds room follows that count."""
        if self.lost and self.put("lines_lost", lines=self.lost):
            self.lost = 0
        if not self.put(event, **fields):
            self.lost += 1

    def put(self, event, **fields):
        nanoseconds = time.time_ns()
        seconds = datetime.fromtimestamp(nanoseconds // 10**9, timezone.utc)
        ts = f"{seconds:%Y-%m-%dT%H:%M:%S}.{nanoseconds % 10**9:09}Z"
        try:
            self.lines.put_nowait(json.dumps({"ts": ts, "event": event, **fields}) + "\n")
        except Full:
            return False
        return True

    def write(self):
        """Runs in a thread of its own: a log that is not read makes it wait, and the rotation goes on."""
        while True:
            line = self.lines.get()
            with suppress(OSError):  # A log that cannot be written is no reason to stop serving.
                os.write(2, line.encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
