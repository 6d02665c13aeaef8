import ssl


def blank():
    return ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)


class Served:
    def __init__(self):
        self.context = blank()


def reload(served, certificate, key):
    context = served.context
    fresh = blank()
    fresh.load_cert_chain(certificate, key)
    context = fresh
