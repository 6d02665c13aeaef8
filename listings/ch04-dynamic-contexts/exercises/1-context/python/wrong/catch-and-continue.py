import ssl


def blank():
    return ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)


class Served:
    def __init__(self):
        self.context = blank()


def reload(served, certificate, key):
    fresh = blank()
    try:
        fresh.load_cert_chain(certificate, key)
    except OSError as error:
        print(f"not loaded: {error}")
    served.context = fresh
