"""A server that serves one client after the other, 50 ms each, and does not come back from too many: once it has served
twenty that had left already, it serves nobody."""

import signal
import socket
import ssl
import sys
import time

certificate, key, port = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
signal.signal(signal.SIGHUP, lambda *_: context.load_cert_chain(certificate, key))
listener = socket.create_server(("127.0.0.1", int(port)), backlog=4096)
gone = 0
while gone < 20:
    tcp, _ = listener.accept()
    time.sleep(0.05)
    tcp.settimeout(2)
    try:
        tls = context.wrap_socket(tcp, server_side=True)
        tls.recv(4096)
        tls.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        tls.close()
    except OSError:
        gone += 1
while True:
    time.sleep(3600)
