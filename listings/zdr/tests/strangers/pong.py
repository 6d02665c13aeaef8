"""A server of lines that answers each by `+PONG`, and reads its files for each connection."""

import socket
import ssl
import sys
import threading

certificate, key, port = sys.argv[1:]


def answer(tcp):
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        with context.wrap_socket(tcp, server_side=True) as tls:
            for _ in tls.makefile("rb"):
                tls.sendall(b"+PONG\r\n")
    except OSError:
        tcp.close()


listener = socket.create_server(("127.0.0.1", int(port)), backlog=64)
while True:
    client, _ = listener.accept()
    threading.Thread(target=answer, args=(client,), daemon=True).start()
