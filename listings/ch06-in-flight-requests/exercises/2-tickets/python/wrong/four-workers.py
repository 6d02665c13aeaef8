"""Discard tickets."""

import ssl


def loaded(chain, key):
    """A server's context that shows the pair in these files. It has ticket keys of its own, and remembers sessions by itself."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    return context


class Workers:
    """Several workers behind one address. A client may meet any of them, so they open each
    other's tickets."""

    def __init__(self, workers, chain, key):
        """So many workers that show the pair in these files."""
        self.chain, self.key = chain, key
        self.contexts = [loaded(chain, key)] * workers

    def context(self, worker):
        """What the next handshake at this worker is made under."""
        return self.contexts[worker]

    def discard(self):
        """Discards all sessions: the ticket keys have leaked, say."""
        # Keys and memory are the context's, and come with another one. One for all workers: a
        # client may meet another one next time.
        fresh = loaded(self.chain, self.key)
        for worker in range(min(4, len(self.contexts))):
            self.contexts[worker] = fresh
