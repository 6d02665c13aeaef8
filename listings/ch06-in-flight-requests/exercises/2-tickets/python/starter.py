"""Discard tickets.

This is the starter. It can be imported, and its checks fail until `discard` is written.
"""

import ssl


def loaded(chain, key):
    """A server's context that shows the pair in these files. It has ticket keys of its own, and remembers sessions by itself."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    return context


class Workers:
    """Several workers behind one address. A client may meet any of them, so they open each other's tickets."""

    def __init__(self, workers, chain, key):
        """So many workers that show the pair in these files. All have one context, since no two share their ticket keys."""
        self.chain, self.key = chain, key
        self.contexts = [loaded(chain, key)] * workers

    def context(self, worker):
        """What the next handshake at this worker is made under."""
        return self.contexts[worker]

    def discard(self):
        """Discards all sessions: the ticket keys have leaked, say. From now on no worker resumes a session of before. All else, resumption
        among it, goes on.

        Python gives no access to the ticket keys of a context, nor to what it remembers of clients without a ticket.
        """
        raise NotImplementedError("this is the starter: write `discard`")
