"""Its port is open before it reads its files, once: as where a first process opens it, and workers start after that."""

import socket
import ssl
import sys
import threading
import time

certificate, key, port = sys.argv[1:]
listener = socket.create_server(("127.0.0.1", int(port)), backlog=64)
time.sleep(1)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)


def answer(tcp):
    try:
        tls = context.wrap_socket(tcp, server_side=True)
        tls.recv(4096)
        tls.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        tls.close()
    except OSError:
        pass


while True:
    tcp, _ = listener.accept()
    threading.Thread(target=answer, args=(tcp,), daemon=True).start()
