"""It says in its own words what was wrong, and what is still served."""

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
        raise OSError(f"{certificate} and {key} are no pair, and what was served stays: {error}") from error
    served.context = fresh
