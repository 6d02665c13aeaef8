"""Read an identity from disk and validate it as a peer would, before anybody is shown it.

The standard library has no X.509 to look into. It has OpenSSL's handshake, so the validator is a
handshake, in memory, with a peer who trusts what peers trust.
"""

import contextlib
import hashlib
import re
import ssl
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Source:
    """Where an identity is read from, and the name it must be valid for."""

    certificate: Path
    key: Path
    roots: Path
    name: str


@dataclass(frozen=True)
class Identity:
    """A context with a chain and its key in it, checked. Nobody changes it from here on."""

    context: ssl.SSLContext
    serial: str
    not_after: str
    chain_sha256: str
    # Tells whether the set has changed: chain, key and trust anchors.
    set_sha256: bytes
    # Tells whether the files have changed since.
    files_sha256: bytes


class Rejected(Exception):
    """Which file was not accepted, and why, in a word of a closed set."""

    def __init__(self, reason, file, detail):
        super().__init__(f"{file}: {reason}: {detail}")
        self.reason, self.file, self.detail = reason, str(file), str(detail)


def contents(source):
    """The three files, read. One file for both chain and key is read once."""
    certificate = _bytes(source.certificate)
    same = source.key == source.certificate
    return certificate, certificate if same else _bytes(source.key), _bytes(source.roots)


def digest(parts):
    """One hash over some parts, which cannot run together."""
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).digest()


# ANCHOR: read
def read(source, build, validate):
    """Reads the files, builds a context from them, and has it validated.

    `load_cert_chain` takes paths only, and so reads the files again. What it read is known only if
    they hold the same before and after.
    """
    files = contents(source)
    chain = _certificates(files[0], source.certificate)
    roots = b"".join(_certificates(files[2], source.roots))
    key = _blocks(files[1], source.key, "PRIVATE KEY")
    context = build(source, roots)
    facts = validate(source, context, roots)
    if contents(source) != files:
        raise Rejected("unreadable", source.certificate, "the files changed while they were read")
    not_after = time.gmtime(ssl.cert_time_to_seconds(facts["notAfter"]))
    return Identity(
        context=context,
        serial=facts["serialNumber"].lower().lstrip("0"),
        not_after=time.strftime("%Y-%m-%dT%H:%M:%SZ", not_after),
        chain_sha256=hashlib.sha256(b"".join(chain)).hexdigest(),
        set_sha256=digest([b"".join(chain), "".join(key).encode(), roots]),
        files_sha256=digest(files),
    )
# ANCHOR_END: read


# ANCHOR: validate
def as_clients_do(source, context, roots):
    """A client who trusts `roots` shakes hands with the server that `context` would be."""
    peer = new_context(ssl.PROTOCOL_TLS_CLIENT)
    peer.load_verify_locations(cadata=roots)
    with _objections(source):
        client, _ = handshake(server=context, client=peer, name=source.name)
        return client.getpeercert()


def as_servers_do(source, context, roots):
    """A server that asks for a certificate of `roots` shakes hands with a client that has it.

    The server needs some identity for that, and borrows the client's; that client looks away.
    """
    peer = new_context(ssl.PROTOCOL_TLS_SERVER)
    peer.load_verify_locations(cadata=roots)
    peer.verify_mode = ssl.CERT_REQUIRED
    show(source, peer)
    client = new_context(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    show(source, client)
    with _objections(source):
        _, server = handshake(server=peer, client=client, name=source.name)
        return server.getpeercert()


def handshake(server, client, name, session=None):
    """Completes a handshake between two contexts in memory, and returns client and server."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server, server_hostname=name, session=session),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    waiting = list(ends)
    while waiting:
        for end in list(waiting):
            try:
                end.do_handshake()
                waiting.remove(end)
            except ssl.SSLWantReadError:
                pass  # It is the other end's turn.
    return ends
# ANCHOR_END: validate


def new_context(protocol):
    """A context of TLS 1.2 and 1.3, with nothing in it."""
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def show(source, context):
    """Puts the pair into a context that nobody uses yet."""
    try:
        # Without a password of ours, OpenSSL asks for one at the terminal, and waits.
        context.load_cert_chain(source.certificate, source.key, password="")
    except ssl.SSLError as why:
        # A key of another type goes into another slot, where no certificate is.
        others = ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED")
        if why.reason in others:
            detail = "the key belongs to another certificate"
            raise Rejected("pair_mismatch", source.key, detail) from None
        raise Rejected("malformed", source.key, "OpenSSL does not take this key") from None
    except OSError as why:
        raise Rejected("missing", source.key, why.strerror) from None


@contextlib.contextmanager
def _objections(source):
    """Turns what the peer says into a reason."""
    try:
        yield
    except ssl.SSLCertVerificationError as why:
        # The numbers are OpenSSL's X509_V_ERR_…, from x509_vfy.h.
        reasons = {9: "not_yet_valid", 10: "expired", 62: "name_lost", 64: "name_lost"}
        reason = reasons.get(why.verify_code, "chain_broken")
        raise Rejected(reason, source.certificate, why.verify_message) from None
    except ssl.SSLError as why:
        raise Rejected("malformed", source.certificate, why.reason) from None


def _bytes(path):
    try:
        return Path(path).read_bytes()
    except FileNotFoundError as why:
        raise Rejected("missing", path, why.strerror) from None
    except OSError as why:
        raise Rejected("unreadable", path, why.strerror) from None


def _certificates(pem, path):
    """Every certificate of a file, in DER, each one parsed once by OpenSSL."""
    found = []
    for block in _blocks(pem, path, "CERTIFICATE"):
        try:
            der = ssl.PEM_cert_to_DER_cert(block)
            new_context(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=der)
        except (ssl.SSLError, ValueError):
            raise Rejected("malformed", path, "a block is not a certificate") from None
        found.append(der)
    return found


def _blocks(pem, path, kind):
    """The PEM blocks whose kind ends so. OpenSSL passes over a block that has no end, without a
    word, so the blocks that begin are counted."""
    text = pem.decode("ascii", "replace")
    whole = re.findall(r"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", text, re.DOTALL)
    if text.count("-----BEGIN ") > len(whole):
        raise Rejected("truncated", path, "a PEM block has no end")
    pattern = rf"-----BEGIN (?:[A-Z0-9]+ )*{kind}-----.*?-----END [A-Z0-9 ]+-----"
    found = re.findall(pattern, text, re.DOTALL)
    if not found:
        raise Rejected("truncated", path, "it has no such PEM block")
    return found
