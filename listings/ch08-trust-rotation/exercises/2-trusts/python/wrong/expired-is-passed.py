"""Two trusts."""

import ssl
from dataclasses import dataclass


@dataclass(frozen=True)
class Given:
    """What a server has been given, as files in PEM."""

    chain: str
    """Its own chain."""
    key: str
    """The key of its leaf."""
    own_roots: str
    """The roots that its clients hold: by them they check its chain."""
    client_roots: str
    """The roots whose clients are to be let in."""


def accepted_by_clients(chain, key, roots):
    """Raises `ssl.SSLError` where clients that hold these roots would not accept the chain. This part is written.

    Python's library verifies a chain in a handshake alone, so this is one, in memory.
    """
    shows = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shows.load_cert_chain(chain, key)
    inward, outward = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ssl.create_default_context(cafile=roots).wrap_bio(inward, outward, server_hostname="localhost")
    server = shows.wrap_bio(outward, inward, server_side=True)
    for end in (client, server, client):
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            pass


def server_context(given):
    """The context of the server. Raises where clients would not accept its own chain."""
    # By whom are we judged? An error here is one for the operator, and no client meets it.
    try:
        accepted_by_clients(given.chain, given.key, given.own_roots)
    except ssl.SSLCertVerificationError as error:
        if error.verify_code != 10:
            raise
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(given.chain, given.key)
    # Whom do we judge? The public root is not among these.
    context.load_verify_locations(given.client_roots)
    # Without this line it asks nobody, whatever it has loaded.
    context.verify_mode = ssl.CERT_REQUIRED
    return context
