"""A server of HTTP that reads a client's hello at once, and is not ready for one that is longer than 1,400 bytes, as some
are that read no more than the first packet. Its first argument says what it does with a longer one: it closes the
connection, or waits for ever.
"""
import socket
import ssl
import sys
import threading
import time

how, certificate, key, port = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok"


def serve(tcp):
    head = b""
    while len(head) < 5:
        head = tcp.recv(5, socket.MSG_PEEK)
        if not head:
            return
    if int.from_bytes(head[3:5], "big") > 1400:
        # All of it, so that its end is no reset.
        tcp.recv(65536)
        if how == "waits":
            time.sleep(600)
        return
    with context.wrap_socket(tcp, server_side=True) as stream:
        stream.recv(65536)
        stream.sendall(ANSWER)


def quietly(tcp):
    with tcp:
        try:
            serve(tcp)
        except OSError:
            pass


listener = socket.create_server(("127.0.0.1", int(port)), backlog=100)
while True:
    accepted, _ = listener.accept()
    threading.Thread(target=quietly, args=(accepted,), daemon=True).start()
