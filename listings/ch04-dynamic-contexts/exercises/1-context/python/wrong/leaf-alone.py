import ssl
import tempfile


def blank():
    return ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)


class Served:
    def __init__(self):
        self.context = blank()


def reload(served, certificate, key):
    with open(certificate, encoding="utf-8") as file:
        leaf = file.read().split("-----END CERTIFICATE-----")[0] + "-----END CERTIFICATE-----\n"
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
        file.write(leaf)
        file.flush()
        fresh = blank()
        fresh.load_cert_chain(file.name, key)
    served.context = fresh
