"""A function makes contexts, and what it returns is valid."""

import ssl


def blank():
    return ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)


class Served:
    def __init__(self):
        self.context = blank()


def loaded(certificate, key):
    context = blank()
    context.load_cert_chain(certificate, key)
    return context


def reload(served, certificate, key):
    served.context = loaded(certificate, key)
