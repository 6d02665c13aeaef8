"""Discard tickets."""

import ssl


def loaded(chain, key):
    """A server's context that shows the pair in these files. It has ticket keys of its own, and remembers sessions by itself."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    return context


class Workers:
    def __init__(self, workers, chain, key):
        self.chain, self.key = chain, key
        self.contexts = [loaded(chain, key)] * workers

    def context(self, worker):
        return self.contexts[worker]

    def discard(self):
        fresh = loaded(self.chain, self.key)
        fresh.options |= ssl.OP_NO_TICKET
        self.contexts = [fresh] * len(self.contexts)
