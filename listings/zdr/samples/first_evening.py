"""A capstone after its first evening: it serves, one client at a time."""

import ssl
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

PATTERN = bytes(range(256))


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        size = int(self.path.removeprefix("/bytes/"))
        body = (PATTERN * (size // len(PATTERN) + 1))[:size]
        self.send_response(200)
        self.send_header("Content-Length", str(size))
        self.end_headers()
        self.wfile.write(body)


certificate, key, port = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
server = HTTPServer(("127.0.0.1", int(port)), Handler)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
