import ssl


def blank():
    return ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)


class Served:
    def __init__(self):
        self.context = blank()


def reload(served, certificate, key):
    served.context = blank()
    served.context.load_cert_chain(certificate, key)
