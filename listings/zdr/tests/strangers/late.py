"""A worker of it starts late, and reads its files then: once, as the others did."""

import socket
import ssl
import sys
import threading
import time

certificate, key, port = sys.argv[1:]


def loaded():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def starts_late():
    global context
    time.sleep(1)
    context = loaded()


def answer(tcp):
    try:
        tls = context.wrap_socket(tcp, server_side=True)
        tls.recv(4096)
        tls.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        tls.close()
    except OSError:
        pass


context = loaded()
threading.Thread(target=starts_late, daemon=True).start()
listener = socket.create_server(("127.0.0.1", int(port)), backlog=64)
while True:
    tcp, _ = listener.accept()
    threading.Thread(target=answer, args=(tcp,), daemon=True).start()
