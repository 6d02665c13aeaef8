"""The least that serves HTTP over TLS, of Python's own library."""
import argparse
import ssl
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Hello(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = b"hello\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


parser = argparse.ArgumentParser()
parser.add_argument("--cert")
parser.add_argument("--key")
parser.add_argument("--port", type=int)
asked = parser.parse_args()
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(asked.cert, asked.key)
server = ThreadingHTTPServer(("127.0.0.1", asked.port), Hello)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
