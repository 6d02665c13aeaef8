"""A capstone after two evenings: what is newer and can be loaded is served."""

import os
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PATTERN = bytes(range(251))
BLOCK = PATTERN * 256


def load(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def get_request(self):
        client, address = super().get_request()
        # The handshake comes in the client's own thread: a slow one holds up no other.
        tls = self.context.wrap_socket(client, server_side=True, do_handshake_on_connect=False)
        return tls, address

    def handle_error(self, request, client_address):
        pass  # A client that leaves is no error.


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        size = int(self.path.removeprefix("/bytes/"))
        self.send_response(200)
        self.send_header("Content-Length", str(size))
        self.end_headers()
        while size > 0:
            self.wfile.write(BLOCK[: min(size, len(BLOCK))])
            size -= len(BLOCK)

    def log_message(self, *_):
        pass


def follow(server, certificate, key):
    last = 0
    while True:
        try:
            date = max(os.stat(certificate).st_mtime_ns, os.stat(key).st_mtime_ns)
            if date > last:
                server.context = load(certificate, key)
                last = date
        except (OSError, ssl.SSLError):
            pass  # Half written, perhaps: look again.
        time.sleep(0.05)


certificate, key, port = sys.argv[1:]
server = Server(("127.0.0.1", int(port)), Handler)
server.context = load(certificate, key)
threading.Thread(target=follow, args=(server, certificate, key), daemon=True).start()
server.serve_forever()
