"""Discard tickets."""

import ssl


def loaded(chain, key):
    """A server's context that shows the pair in these files. It has ticket keys of its own, and remembers sessions by itself."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    return context


class Workers:
    """The list of contexts stays, and what is in it is replaced."""

    def __init__(self, workers, chain, key):
        self.files = (chain, key)
        self.contexts = [None] * workers
        self.discard()

    def context(self, worker):
        return self.contexts[worker]

    def discard(self):
        self.contexts[:] = [loaded(*self.files)] * len(self.contexts)
