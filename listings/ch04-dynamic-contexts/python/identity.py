"""Read an identity from disk and validate it as a peer would, before anybody is shown it.

The standard library has no X.509 to look into. It has OpenSSL's handshake, so the validator is a
handshake, in memory, with a peer who trusts what peers trust.
"""

import contextlib
import hashlib
import os
import ssl
import tempfile
import time
from dataclasses import dataclass

import anchors
import asn1
import key as keys
import kinds
import pem
import shape
import taken
from rejected import Rejected

# The largest body of a Certificate message (RFC 9846) that is shown, and how many certificates. Clients of
# Java take no more; a rustls client buffers 65,535 bytes of a handshake, OpenSSL 102,400.
LARGEST, MOST = 32 << 10, 10


@dataclass(frozen=True)
class Pair:
    """A chain in DER, leaf first, and its key in PEM. The key is not shown."""

    chain: tuple
    key: bytes

    def __repr__(self):
        return f"Pair of {len(self.chain)} certificates"


@dataclass(frozen=True)
class Identity:
    """A context with a chain and its key in it, checked. Nobody changes it from here on."""

    context: ssl.SSLContext
    serial: str
    not_after: str
    chain_sha256: str
    # Tells whether the set has changed: chain, key and trust anchors.
    set_sha256: bytes
    # The trust anchors, in DER: those of the chain, and those of its peers. And why they are not those of
    # their files.
    anchors: tuple = ((), ())
    distrust: tuple = ()


def digest(parts):
    """One hash over some parts, which cannot run together."""
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).digest()


# ANCHOR: read
def judge(source, seen, build, validate, last=None):
    """Builds a context from what was read, and has it validated. The files are not opened again. Where
    trust anchors are not valid, those of the `last` identity are in force."""
    found = [pem.blocks(file.data, file.path) for file in seen[:2]]
    trust, distrust = _trust(source, seen, [der for label, der in found[0] if label == "CERTIFICATE"], last)
    own, (roots, for_peers) = trust[0], (b"".join(all) for all in trust)
    chain = tuple(_certificates(found[0], source.certificate))
    _fits(source, chain)
    pair = Pair(chain, _key(found[1], source.key))
    with _read(source.certificate):
        shown = [taken.Certificate.of(der) for der in chain]
    with _read(source.roots):
        trusted = [taken.Certificate.of(der) for der in own]
    _verifiable(source, shown)
    with _read(source.certificate):
        taken.parsed_by_all(source, shown)
    _belongs(source, pair)
    if shown[0].is_authority():  # OpenSSL serves it.
        raise Rejected("chain_broken", source.certificate, "the first certificate is an authority's "
                       "(CA): rustls clients do not take it as a server's")
    context = build(pair, for_peers)
    try:
        facts = validate(source, pair, context, roots)
    except Rejected as why:
        raise _with_end(why, shown, trusted) from None
    purpose = taken.CLIENT if validate is as_servers_do else taken.SERVER
    with _read(source.certificate):
        taken.by_all(source, shown, trusted, purpose)
        taken.numbered_once(source, list(zip(chain, shown)), list(zip(own, trusted)))
    _as_defined(source, list(zip(chain, shown)), list(zip(own, trusted)))
    not_after = time.gmtime(ssl.cert_time_to_seconds(facts["notAfter"]))
    return Identity(
        context=context,
        serial=facts["serialNumber"].lower().lstrip("0"),
        not_after=time.strftime("%Y-%m-%dT%H:%M:%SZ", not_after),
        chain_sha256=hashlib.sha256(b"".join(chain)).hexdigest(),
        set_sha256=digest([b"".join(chain), pair.key, roots, for_peers]),
        anchors=trust, distrust=distrust,
    )
# ANCHOR_END: read


def _trust(source, seen, chain, last):
    """The trust anchors, and why some are not those of their file. A leaf is not held up by what is wrong
    beside it: the last good ones judge it."""
    trust, faults = [], []
    for at, path in enumerate((source.roots, source.peer_roots or source.roots)):
        try:
            if isinstance(seen[2 + at], Rejected):
                raise seen[2 + at]
            found = _certificates(pem.blocks(seen[2 + at].data, path), path)
            with _read(path):
                kept, passed = anchors.trusted(path, found, () if at else chain)
            trust.append(kept)
            faults += [passed] if passed else []
        except Rejected as why:
            if last is None:
                raise
            stay = (f"{why.detail}. The anchors that were read before ({len(last.anchors[at])}) stay in force until "
                    "this file is mended")
            faults.append(Rejected(why.reason, why.file, stay))
            trust.append(last.anchors[at])
    return tuple(trust), tuple({str(fault): fault for fault in faults}.values())


# ANCHOR: peers
def as_clients_do(source, _pair, context, roots):
    """A client that trusts `roots` shakes hands with the server that `context` would be, once for
    each name that it must have."""
    peer = new_context(ssl.PROTOCOL_TLS_CLIENT)
    # A name in the subject alone is for OpenSSL: other clients do not look there.
    peer.hostname_checks_common_name = False
    peer.load_verify_locations(cadata=roots)
    with _objections(source):
        for name in source.names:
            client, _ = handshake(server=context, client=peer, name=name)
        return client.getpeercert()


def as_servers_do(source, pair, context, roots):
    """A server that asks for a certificate of `roots` shakes hands with a client that has it.

    The server needs some identity for that, and borrows the client's; that client looks away.
    """
    peer = new_context(ssl.PROTOCOL_TLS_SERVER)
    peer.load_verify_locations(cadata=roots)
    peer.verify_mode = ssl.CERT_REQUIRED
    show(pair, peer)
    client = new_context(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    show(pair, client)
    with _objections(source):
        _, server = handshake(server=peer, client=client, name=source.names[0])
        return server.getpeercert()

# ANCHOR_END: peers

# ANCHOR: handshake
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
# ANCHOR_END: handshake


def is_name(name):
    """Whether a client can ask for it."""
    try:
        client = new_context(ssl.PROTOCOL_TLS_CLIENT)
        client.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname=name)
    except ValueError:
        return False
    return True


def new_context(protocol):
    """A context of TLS 1.2 and 1.3, with nothing in it."""
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


# ANCHOR: show
def show(pair, context):
    """Puts the pair into a context that is not in use yet."""
    chain = b"".join(pem.encode("CERTIFICATE", der) for der in pair.chain)
    with _path(chain) as certificate, _path(pair.key) as key:
        # Without a password of ours, OpenSSL asks for one at the terminal, and waits.
        context.load_cert_chain(certificate, key, password="")


@contextlib.contextmanager
def _path(data):
    """A path for a function that takes no bytes. It leads into memory; elsewhere than on Linux, to a
    file that has no name."""
    memory = getattr(os, "memfd_create", None)
    with open(memory("pem"), "w+b") if memory else tempfile.TemporaryFile() as opened:
        opened.write(data)
        opened.seek(0)
        yield f"/dev/fd/{opened.fileno()}"
# ANCHOR_END: show


def _belongs(source, pair):
    """The key must be that of the first certificate. OpenSSL compares them."""
    def match(chain):
        try:
            show(Pair(chain, pair.key), new_context(ssl.PROTOCOL_TLS_SERVER))
        except ssl.SSLError as why:
            # A key of another type goes into another slot, where no certificate is.
            others = ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED")
            if why.reason in others:
                return False
            if why.reason in ("CA_KEY_TOO_SMALL", "CA_MD_TOO_WEAK", "EE_KEY_TOO_SMALL"):
                raise Rejected("chain_broken", source.certificate, f"OpenSSL says {why.reason}: a certificate "
                               "has a short key, is signed with a weak digest as SHA-1, or has a key or a "
                               "signature of a kind that it does not know") from None
            file = source.certificate if why.reason == "INVALID_CERTIFICATE" else source.key
            detail = f"OpenSSL says {why.reason}" if why.reason else keys.DAMAGED
            raise Rejected("malformed", file, detail) from None
        return True

    if match(pair.chain):
        return
    for at, certificate in enumerate(pair.chain, 1):
        if match((certificate,)):
            detail = (f"the key belongs to certificate {at} of {len(pair.chain)} in the file: the leaf "
                      "comes first, then the certificate of its issuer")
            raise Rejected("chain_broken", source.certificate, detail)
    raise Rejected("pair_mismatch", source.key, "the key belongs to another certificate")


def _as_defined(source, chain, anchors):
    """The fields of each certificate must be as they are defined, and those of the authorities that have issued one. This
    comes last: it knows least of what is wrong. Each is given in DER, and parsed."""
    for at, (der, it) in enumerate(chain, 1):
        if what := shape.objection(der, it.extensions):
            raise Rejected("malformed", source.certificate, f"certificate {at} of {len(chain)}: {what}")
    issuers = {it.issuer for _, it in chain}
    for at, (der, it) in enumerate(anchors, 1):
        if it.subject in issuers and (what := shape.objection(der, it.extensions)):
            raise Rejected("malformed", source.roots, f"authority {at} of {len(anchors)}: {what}")


def _verifiable(source, chain):
    """Clients of OpenSSL before 3.5 must be able to verify the chain."""
    for at, certificate in enumerate(chain, 1):
        if name := keys.ML_DSA.get(asn1.values(certificate.signed)[0]):
            raise Rejected("chain_broken", source.certificate, f"certificate {at} of {len(chain)} is signed "
                           f"with {name}: clients of OpenSSL before 3.5 do not verify it")


def _with_end(why, chain, anchors):
    """The same rejection, with the certificate at which the path ends, where OpenSSL says that an issuer is missing."""
    last, others = chain[0], chain[1:] + anchors
    for _ in others:
        if last.subject == last.issuer or not (issuers := [it for it in others if it.subject == last.issuer]):
            break
        last = issuers[0]
    if why.detail != "unable to get local issuer certificate" or last not in chain:
        return why
    what = (f"{why.detail}: no certificate in the chain or among the authorities has the name of the issuer of certificate "
            f"{chain.index(last) + 1} of {len(chain)}")
    return Rejected(why.reason, why.file, what)


@contextlib.contextmanager
def _read(file):
    """OpenSSL leaves parts of a certificate unread, and they may be anything."""
    try:
        yield
    except (IndexError, ValueError):
        raise Rejected("malformed", file, "a certificate in it does not parse") from None


@contextlib.contextmanager
def _objections(source):
    """Turns what the peer says into a reason."""
    try:
        yield
    except UnicodeDecodeError:  # Python shows what the peer has shown.
        raise Rejected("malformed", source.certificate, "a name or an address in it is no UTF-8, and Python does not read "
                       "that") from None
    except ssl.SSLCertVerificationError as why:
        # The numbers are OpenSSL's X509_V_ERR_…, from x509_vfy.h.
        reasons = {9: "not_yet_valid", 10: "expired", 62: "name_lost", 64: "name_lost"}
        reason = reasons.get(why.verify_code, "chain_broken")
        raise Rejected(reason, source.certificate, why.verify_message) from None
    except ssl.SSLError as why:
        if why.reason is None:  # It has no word for what ends the server's part.
            raise Rejected("malformed", source.key, "OpenSSL does not sign with it: numbers of the key are missing "
                           "or wrong") from None
        if why.reason == "BAD_SIGNATURE":  # Of the handshake: by another key than the certificate's.
            raise Rejected("malformed", source.key, "it is damaged: its private and its public part are of two "
                           "keys") from None
        raise Rejected("malformed", source.certificate, why.reason) from None


def _certificates(found, path):
    """Every certificate of a file, in DER, each one parsed by OpenSSL. A block that is none may stand
    behind those that are needed, and clients that parse all of them fail at it."""
    parser, chain = new_context(ssl.PROTOCOL_TLS_CLIENT), []
    # `getpeercert` leaves behind what OpenSSL says of an extension that it does not parse, and the next certificate to be
    # loaded, be it a good one, would be refused for that. An error that is raised takes all of it away.
    with contextlib.suppress(ssl.SSLError):
        parser.load_verify_locations(cadata=b"\0")
    for at, (label, der) in enumerate(found, 1):
        if label != "CERTIFICATE":
            continue
        try:
            why = None if asn1.whole(der) else "it is not one value of DER"
            parser.load_verify_locations(cadata=der)
        except (ssl.SSLError, ValueError) as error:
            why = why or getattr(error, "reason", None) or "OpenSSL does not parse it"
        if why:
            raise Rejected("malformed", path, f"block {at} of {len(found)}: a CERTIFICATE block holds "
                           f"something else than one certificate ({why})")
        chain.append(der)
    if not chain:
        raise Rejected("truncated", path, kinds.lacking(found))
    return chain


def _key(found, path):
    """The key of a file, in PEM."""
    for label, der in found:
        if pem.is_key(label):
            keys.check(label, der, path)
            return pem.encode(label, keys.without_public(label, der))
    raise Rejected("truncated", path, kinds.lacking(found))


def _fits(source, chain):
    """Clients must take the chain in one message."""
    length = 1 + 3 + sum(3 + len(certificate) + 2 for certificate in chain)
    if length > LARGEST:
        what = (f"its {len(chain)} certificates make a message of {length} bytes, and clients take {LARGEST} "
                "(Java) to 102400 (OpenSSL)")
    elif len(chain) > MOST:
        what = f"it holds {len(chain)} certificates, and clients of Java take {MOST}"
    else:
        return
    raise Rejected("too_large", source.certificate, f"{what}: the file holds the leaf and its intermediates "
                   "alone, no bundle of roots")
