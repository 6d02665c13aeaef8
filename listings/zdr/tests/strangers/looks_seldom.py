# Looks at its files every three seconds, and ends when certificate and key do not belong together.
import socket
import ssl
import sys
import time

address, roots, certificate, key = sys.argv[1:]
host, port = address.split(":")
while True:
    context = ssl.create_default_context(cafile=roots)
    context.load_cert_chain(certificate, key)
    with socket.create_connection((host, int(port))) as tcp:
        with context.wrap_socket(tcp, server_hostname=host) as tls:
            tls.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            while tls.recv(4096):
                pass
    time.sleep(3)
