"""What is wanted of `server_context`. Each test is a check, and its text says what has to hold.

The handshakes run in memory, both ends on one thread. The command `openssl` issues the certificates: Python's library cannot.
"""

import os
import ssl
import tempfile
from dataclasses import replace
from unittest.mock import patch

from lab import call, leaf, odd_leaf, root

from answer import Given, server_context

PUBLIC, PRIVATE = "Public Root", "Private Root"


def given(own):
    """What a server is given that shows a leaf of this authority."""
    return Given(*leaf(own, "1001"), own_roots=root(PUBLIC), client_roots=root(PRIVATE))


def server():
    """The server, which shows a leaf of the public authority."""
    try:
        return server_context(given(PUBLIC))
    except ssl.SSLError as error:
        raise AssertionError(
            f"The server's own chain leads to the public root, which its clients hold, and `server_context` raised: {error}. It is clients who "
            "judge this chain, by `own_roots`; the roots for clients are not asked."
        ) from error


def let_in(shows=None):
    """What a client that trusts the public root and shows this pair meets: nothing where it is let in."""
    client = ssl.create_default_context(cafile=root(PUBLIC))
    if shows:
        client.load_cert_chain(*shows)
    try:
        call(server(), client)
    except ssl.SSLError as error:
        return error
    return None


def test_an_own_chain_of_the_public_authority_is_served():
    """The server shows its chain of the public authority, and a client of the private one gets in."""
    error = let_in(leaf(PRIVATE, "2001"))
    assert error is None, (
        f"A client with a certificate of the private authority called, and the handshake failed: {error}. It is one of those that "
        "`client_roots` are there for. A server's context is one of `ssl.PROTOCOL_TLS_SERVER`: without a purpose, `create_default_context` "
        "makes one for clients."
    )
    # As one does that calls an address.
    client = ssl.create_default_context(cafile=root(PUBLIC))
    client.check_hostname = False
    client.load_cert_chain(*leaf(PRIVATE, "2001"))
    try:
        nameless(server(), client)
    except ssl.SSLError as error:
        raise AssertionError(
            f"A client of the private authority sent no server name, and the handshake failed: {error}. There is one pair, and no name to choose it by: a context that "
            "has loaded it shows it to every client."
        ) from error


def nameless(server, client):
    """A handshake in memory of a client that sends no name."""
    inward, outward = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = client.wrap_bio(inward, outward), server.wrap_bio(outward, inward, server_side=True)
    for end in ends * 2:
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            pass


def test_a_client_without_a_certificate_stays_out():
    """A client without a certificate stays out."""
    assert let_in(), (
        "A client with no certificate at all got in. A server that judges its clients has to ask each for a certificate, and to end the "
        "handshake where none comes. The roots alone ask no client, and the defaults for a server do not either: `verify_mode` does."
    )
    # A file of roots that holds a leaf and no authority.
    chain, _ = leaf(PRIVATE, "2005")
    with open(chain) as file:
        end = "-----END CERTIFICATE-----\n"
        alone = file.read().split(end)[0] + end
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as roots:
        roots.write(alone)
        roots.flush()
        try:
            context = server_context(replace(given(PUBLIC), client_roots=roots.name))
            call(context, ssl.create_default_context(cafile=root(PUBLIC)))
        except (ssl.SSLError, ValueError):
            return
    raise AssertionError(
        "`client_roots` held a certificate that is no authority, and a client with no certificate at all got in. Whether a client is asked does not "
        "depend on what the file holds: with no authority in it, no client gets in."
    )


def test_a_certificate_of_the_public_authority_lets_nobody_in():
    """A certificate of the server's own, public authority lets no client in."""
    assert let_in(leaf(PUBLIC, "2002")), (
        "A stranger got in with a certificate of the public authority. Any stranger can get one. The public root has to be among the roots by which "
        "the server's own chain is checked, and not among those by which clients are let in: two lists, for two questions."
    )
    with patch.dict(os.environ, SSL_CERT_FILE=root(PUBLIC)):
        assert let_in(leaf(PUBLIC, "2002")), (
            "This host trusts the public root, as each host trusts some, and a stranger got in with a certificate of that authority. The roots of the host "
            "(`load_default_certs`, `set_default_verify_paths`) are for calls to servers. Clients are judged by `client_roots` alone."
        )


def test_a_certificate_of_an_unknown_authority_lets_nobody_in():
    """A certificate of an unknown authority lets no client in."""
    assert let_in(leaf(PRIVATE, "2001", number=2)), "A stranger got in with a certificate of an authority that is in neither list."


def test_an_own_chain_that_clients_reject_is_refused():
    """An own chain that clients would reject is refused, and no client meets it."""
    try:
        server_context(given(PRIVATE))
    except ssl.SSLError:
        pass
    else:
        raise AssertionError(
            "The server was given a chain of the private authority for itself. Its clients hold the public root, so every client fails, and "
            "`server_context` accepted it. Checked by `own_roots`, it is an error for the operator instead, and what was served before can go on."
        )
    for what, (chain, key) in (
        ("ended a day ago", odd_leaf(PUBLIC, "2003", days="-1")),
        ("is for another name than that of the server", odd_leaf(PUBLIC, "2004", where="elsewhere")),
    ):
        try:
            server_context(replace(given(PUBLIC), chain=chain, key=key))
        except ssl.SSLError:
            continue
        raise AssertionError(
            f"The server was given a chain of the public authority for itself, which {what}, and `server_context` accepted it. Every client fails. Clients ask "
            "for more than the authority: let go on what `accepted_by_clients` raises, whatever that is."
        )


def test_without_a_root_there_is_no_configuration():
    """Without roots on either side there is no configuration."""
    server()
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as none:
        for own, which in ((PUBLIC, "client_roots"), (PUBLIC, "own_roots"), (PRIVATE, "own_roots")):
            try:
                server_context(replace(given(own), **{which: none.name}))
            except (ssl.SSLError, ValueError):
                continue
            raise AssertionError(
                f"`{which}` is an empty file, and `server_context` returned a context in place of an error. With no root no client can be judged, and "
                "whether clients accept the own chain cannot be told: unchecked is not accepted."
            )
