"""A server of three workers, each of which stays with its client, and ends a connection that is idle for a second."""

import signal
import ssl
import sys
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer

WORKERS = 3


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 1

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")


class Server(HTTPServer):
    request_queue_size = 64
    workers = ThreadPoolExecutor(WORKERS)

    def process_request(self, request, client_address):
        self.workers.submit(self.serve, request, client_address)

    def serve(self, request, client_address):
        try:
            request.do_handshake()
            self.finish_request(request, client_address)
        except OSError:
            pass
        self.shutdown_request(request)


certificate, key, port = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
signal.signal(signal.SIGHUP, lambda *_: context.load_cert_chain(certificate, key))
server = Server(("127.0.0.1", int(port)), Handler)
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
