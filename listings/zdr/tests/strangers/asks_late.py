# Opens a connection, and asks a while later. It has one context, made when it starts.
import socket
import ssl
import sys
import time

address, roots = sys.argv[1:]
host, port = address.split(":")
context = ssl.create_default_context(cafile=roots)
while True:
    try:
        with socket.create_connection((host, int(port))) as tcp:
            with context.wrap_socket(tcp, server_hostname=host) as tls:
                time.sleep(0.5)
                tls.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                while tls.recv(4096):
                    pass
    except OSError as error:
        print(error, flush=True)
    time.sleep(0.02)
