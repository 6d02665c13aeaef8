"""As Thin does: asks clients for a certificate that they need not have, and ends an answer of unknown length by the
connection alone, without an alert."""

import socket
import ssl
import sys

certificate, key, port = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
context.verify_mode = ssl.CERT_OPTIONAL
context.load_verify_locations(certificate)
listener = socket.create_server(("127.0.0.1", int(port)), backlog=64)
while True:
    tcp, _ = listener.accept()
    try:
        tls = context.wrap_socket(tcp, server_side=True)
        tls.recv(4096)
        tls.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello\n")
        tls.close()
    except OSError:
        tcp.close()
