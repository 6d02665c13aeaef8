"""Connects to servers that are wrong in one way each, and prints what Python says of them.

Cases come as JSON on the command line. Each is printed as a line `== scene` and the exception's text.
"""

import json
import socket
import ssl
import sys


def context(case):
    made = ssl.create_default_context(cafile=case["roots"])
    if "identity" in case:
        made.load_cert_chain(case["identity"] + ".crt", case["identity"] + ".key")
    return made


def connect(case):
    made = context(case)
    with socket.create_connection(("127.0.0.1", case["port"])) as tcp:
        with made.wrap_socket(tcp, server_hostname="localhost") as tls:
            tls.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            while tls.recv(4096):
                pass


def load(case):
    context(case)


def requests(case):
    # requests and urllib3, as pip brings them.
    from pip._vendor import requests

    requests.get(f"https://localhost:{case['port']}/", verify=case["roots"], timeout=30)


for case in json.loads(sys.argv[1]):
    print("==", case["scene"])
    try:
        {"connect": connect, "load": load, "requests": requests}[case["do"]](case)
    except Exception as error:
        print(f"{type(error).__module__}.{type(error).__qualname__}: {error}")
