import ssl


def blank():
    return ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)


class Served:
    def __init__(self):
        self.context = blank()


def reload(served, certificate, key):
    try:
        served.context.load_cert_chain(certificate, key)
    except ssl.SSLError:
        print("the new pair is invalid, and the old one is kept")
