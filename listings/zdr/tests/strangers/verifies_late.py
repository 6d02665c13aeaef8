# Completes each handshake, verifies after that, and closes without an alert, as GnuTLS lets a program do.
# The roots are those of its start.
import socket
import ssl
import sys
import time

address, roots = sys.argv[1:]
host, port = address.split(":")
verifies = ssl.create_default_context(cafile=roots)
anybody = ssl.create_default_context()
anybody.check_hostname = False
anybody.verify_mode = ssl.CERT_NONE


def connect(context):
    return context.wrap_socket(socket.create_connection((host, int(port))), server_hostname=host)


while True:
    try:
        with connect(anybody) as tls:
            # How else would a test in Python verify a chain afterwards?
            connect(verifies).close()
            tls.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            while tls.recv(4096):
                pass
    except OSError as error:
        print(error, flush=True)
    time.sleep(0.02)
