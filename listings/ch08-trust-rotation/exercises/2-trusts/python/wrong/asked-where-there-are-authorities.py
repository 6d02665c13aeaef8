import ssl
from dataclasses import dataclass


@dataclass(frozen=True)
class Given:
    chain: str
    key: str
    own_roots: str
    client_roots: str


def accepted_by_clients(chain, key, roots):
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
    accepted_by_clients(given.chain, given.key, given.own_roots)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(given.chain, given.key)
    context.load_verify_locations(given.client_roots)
    context.verify_mode = ssl.CERT_REQUIRED if context.get_ca_certs() else ssl.CERT_NONE
    return context
