"""Rotates the certificate of a server while it runs. Copy this file; it needs the standard library alone.

A thread looks at the files twice a second. A pair that clients would accept is published by one
assignment. Any other is reported, and the last good one stays.
"""

import contextlib
import os
import re
import ssl
import stat
import tempfile
import threading
import time

POLL = 0.5  # Seconds between two looks.
REST = 0.25  # So long invalid files stay the same before that is told: a writer may be at work.
SETTLE = 10  # The same for a leaf that lost its chain: it may be half a file.
LARGEST = 1 << 20  # Bytes that are read of a file.
LONGEST, MOST = 32 << 10, 10  # Bytes and certificates of a chain. Clients of Java take no more.

# The keys in certificates that clients of each library parse: RSA with the length and the first byte of
# its modulus, P-256 to P-521, Ed25519, and P-224 and Ed448, which few verify; and what makes an authority.
_KEY = re.compile(
    rb"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\x03\x82..\x00\x30\x82.."
    rb"\x02\x82(..)(\x00(?=[\x80-\xff])|(?=[\x01-\x7f]))(.)|"
    rb"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06(?:\x08\x2a\x86\x48\xce\x3d\x03\x01\x07|"
    rb"\x05\x2b\x81\x04\x00(?:[\x22\x23]|(\x21)))\x03.{1,2}\x00\x04|"
    rb"\x30\x05\x06\x03\x2b\x65(?:\x70\x03\x21|(\x71)\x03\x3a)\x00", re.S)
_AUTHORITY = re.compile(rb"\x06\x03\x55\x1d\x13(?:\x01\x01\xff)?\x04.\x30.\x01\x01\xff", re.S)
_NEGATIVE = re.compile(rb"(?:\x30\x81.|\x30\x82..){2}(?:\xa0\x03\x02\x01.)?\x02.[\x80-\xff]", re.S)
# Extensions that do not hold what they are for: a sequence, bytes or a number. Go parses each of these.
_BROKEN = re.compile(
    rb"\x06(?:(?:\x03\x55\x1d[\x11\x13\x1e-\x21\x23-\x25]|\x08\x2b\x06\x01\x05\x05\x07\x01\x01)"
    rb"(?:\x01\x01\xff)?\x04(?:[\0-\x7f]|\x81.|\x82..)[^\x30]|"
    rb"\x03\x55\x1d(?:\x0e\x04.[^\x04]|\x36(?:\x01\x01\xff)?\x04.[^\x02])|"
    rb"\x0a\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x02\x04(?:[\0-\x7f]|\x81.|\x82..)[^\x04])", re.S)
# Of a leaf: version 3; a signature by ECDSA, RSA, RSA-PSS with the usual salt, or Ed25519, and SHA-2;
# what it is for; and a critical extension that clients with rustls do not know.
_VERSION = re.compile(rb"(?:\x30\x81.|\x30\x82..){2}\xa0\x03\x02\x01\x02", re.S)
_SIGNED = re.compile(
    rb"(?:\x2a\x86\x48\xce\x3d\x04\x03[\x02-\x04]|\x06\x03\x2b\x65\x70|\x2a\x86\x48\x86\xf7\x0d\x01\x01(?:"
    rb"[\x0b-\x0d](?:\x05\x00)?|\x0a\x30\x34.{51}[\x20\x30\x40]))\x03(?:[\x41-\x7f]|\x81.|\x82..)\x00", re.S)
_USES = re.compile(rb"\x06\x03\x55\x1d\x25(?:\x01\x01\xff)?\x04(.)(.*)", re.S)
_SERVES = b"\x2b\x06\x01\x05\x05\x07\x03\x01"
_UNKNOWN = re.compile(rb"\x06\x03\x55\x1d[^\x0f\x11\x13\x1e\x1f\x25]\x01\x01\xff\x04")


class Rejected(Exception):
    """Why files are not served: a word for a metric, the file, and a detail for the log."""

    def __init__(self, reason, file, detail):
        super().__init__(f"{file}: {reason}: {detail}")
        self.reason, self.file, self.detail = reason, str(file), str(detail)


class Rotating:
    """Follows `files`: the chain (leaf first), its key, and the roots that clients trust. `names` are what
    clients ask for. `hook(loaded, rejected)`, which must not wait, is called after each look: with what is
    new, as a dictionary like `getpeercert`'s, or a `Rejected`. Returns once a first pair is valid."""

    def __init__(self, files, names, hook, poll=POLL):
        self._files, self._names, self._hook, self._poll = files, names, hook, poll
        for name in names:  # One that is none raises here, not at each look.
            _context(ssl.PROTOCOL_TLS_CLIENT).wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname=name)
        # It accepts for the life of the process, and has no certificate: each hello goes over to the
        # current context. Whether clients must show a certificate is said here.
        self.context = _context(ssl.PROTOCOL_TLS_SERVER)
        self.context.sni_callback = self._hand_over  # Called without a name, too.
        self._current, self._chain, self._roots, self._loaded = None, [], None, threading.Event()
        threading.Thread(target=self._follow, daemon=True).start()
        self._loaded.wait()

    def _hand_over(self, connection, _name, _front):
        connection.context = self._current  # No file, no lock.

    def _follow(self):
        last, since, told = None, 0, None
        while True:
            try:
                found = self._read()
                if found != last:
                    last, since = found, time.monotonic()
                self._look(found, time.monotonic() - since)
            except Exception as why:  # The hook's, for one. It must not end the rotation.
                if (type(why), last) != told:  # Once for each change of the files.
                    told = type(why), last
                    with contextlib.suppress(OSError):  # Its words may hold a file's, and so a key.
                        print(f"rotation: {type(why)}", flush=True)
            time.sleep(self._poll)

    def _look(self, found, age):
        fault = None
        try:
            try:
                (context, loaded), self._roots = self._judge(*found), found[2]
            except Rejected as why:
                if self._roots is None or why.file != str(self._files[2]):
                    raise
                # No neighbour holds a leaf up: the last good roots judge it. What is wrong is told.
                fault = Rejected(why.reason, why.file, f"{why.detail}. The last good roots stay in force")
                context, loaded = self._judge(*found[:2], self._roots)
        except Rejected as why:
            if age >= REST:
                self._hook(None, why)
            return
        if loaded["chain"] == self._chain:
            if fault is None or age >= REST:
                self._hook(None, fault)
        # Authorities do shorten chains. But a leaf alone may need roots that are intermediates.
        elif len(loaded["chain"]) >= len(self._chain) or age >= (REST if loaded["chain"][1:] else SETTLE):
            self._current, self._chain = context, loaded["chain"]
            self._loaded.set()  # Before the hook: where that fails, the pair is served all the same.
            self._hook(loaded, None)

    def _read(self):
        return [_file(path) for path in self._files]

    def _judge(self, *found):
        """Asks what clients ask, by a handshake in memory: does the key fit, does the chain
        lead to a root, today, for each name?"""
        for path, data in zip(self._files, found):
            if isinstance(data, str):
                raise Rejected("missing" if "Errno 2]" in data else "unreadable", path, data)
        chain, roots = self._certificates(0, found[0]), self._certificates(2, found[2])
        if sum(len(der) + 5 for der in chain) + 4 > LONGEST or len(chain) > MOST:
            raise Rejected("too_large", self._files[0],
                           "clients of Java take 10 certificates and 32 KiB, no bundles")
        for at, der in enumerate(chain, 1):
            if what := _objection(der) or (_unfit(der) if at == 1 else None):
                raise Rejected("malformed", self._files[0], f"certificate {at}: {what}")
        context, peer = self._shown(chain, found[1]), _context(ssl.PROTOCOL_TLS_CLIENT)
        # Clients of other libraries verify nothing by another key.
        strong, roots = ([it for it in all if 2048 <= _bits(it) <= 8192] for all in (chain, roots))
        if not roots:
            raise Rejected("malformed", self._files[2], "no root by whose key clients verify")
        peer.hostname_checks_common_name = False  # Only OpenSSL looks there.
        peer.load_verify_locations(cadata=b"".join(roots))
        try:
            for name in self._names:
                loaded = _handshake(self._shown(strong, found[1]), peer, name)
        except UnicodeDecodeError:  # Python's clients look, too.
            raise Rejected("malformed", self._files[0], "a name or an address in it is no UTF-8") from None
        except ssl.SSLCertVerificationError as why:  # X509_V_ERR_..., from OpenSSL's x509_vfy.h.
            reasons = {9: "not_yet_valid", 10: "expired", 62: "name_lost", 64: "name_lost"}
            reason = reasons.get(why.verify_code, "chain_broken")
            raise Rejected(reason, self._files[0], why.verify_message) from None
        except ssl.SSLError as why:  # No word: OpenSSL cannot sign, as with primes of zero.
            of_key = why.reason in (None, "BAD_SIGNATURE")
            said = "a damaged key, or of two keys" if of_key else why.reason
            raise Rejected("malformed", self._files[of_key], said) from None
        if ssl.cert_time_to_seconds(loaded["notBefore"]) < 0:
            raise Rejected("malformed", self._files[0], "clients with rustls know no date before 1970")
        loaded["chain"] = chain
        return context, loaded

    def _certificates(self, at, data):
        """Each certificate of a file, in DER, and parsed: clients parse each one, needed or not."""
        with contextlib.suppress(ssl.SSLError):  # OpenSSL may have something left to say of the last files.
            _context(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=b"\0")
        begin, end = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"
        # No pattern: from each beginning, it would go to the end of the file, while no other thread runs.
        blocks = [begin + block.partition(end)[0] + end for block in data.split(begin)[1:]]
        try:
            chain = [ssl.PEM_cert_to_DER_cert(block.decode()) for block in blocks]
            for der in chain:
                _context(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=der)
        except (ssl.SSLError, ValueError) as why:
            what = getattr(why, "reason", None) or "no base64 of DER"
            what = f"a CERTIFICATE block that does not parse: {what}"
            raise Rejected("malformed", self._files[at], what) from None
        if not chain:
            raise Rejected("malformed", self._files[at], "no certificate in PEM")
        return chain

    def _shown(self, chain, key):
        """A context with this chain and its key."""
        context = _context(ssl.PROTOCOL_TLS_SERVER)
        try:
            with _path("".join(map(ssl.DER_cert_to_PEM_cert, chain)).encode()) as shown, _path(key) as key:
                context.load_cert_chain(shown, key, password="")  # Or it asks at the terminal.
        except (ssl.SSLError, ValueError) as why:
            reason = getattr(why, "reason", None)
            if reason in ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED"):
                what = "not the key of the first certificate: the leaf comes first"
                raise Rejected("pair_mismatch", self._files[1], what) from None
            if reason in ("CA_KEY_TOO_SMALL", "CA_MD_TOO_WEAK", "EE_KEY_TOO_SMALL", "INVALID_CERTIFICATE"):
                raise Rejected("chain_broken", self._files[0], f"OpenSSL says {reason}") from None
            why = reason or "not parsed"
            what = f"no private key in PEM without encryption that OpenSSL takes ({why})"
            raise Rejected("malformed", self._files[1], what) from None
        return context


def _file(path):
    """What a file holds, or why it cannot be read."""
    try:
        # Not blocking: to open a FIFO would wait for its writer, and /proc/kmsg waits for the kernel.
        with open(path, "rb", opener=lambda it, _: os.open(it, os.O_RDONLY | os.O_NONBLOCK)) as file:
            about = os.fstat(file.fileno())
            if not (is_file := stat.S_ISREG(about.st_mode)) or about.st_size > LARGEST:
                return "larger than 1 MiB" if is_file else "not a regular file"
            if (data := file.read(LARGEST)) is None:
                return "nothing to read yet"
            # Windows writes a mark before a text, and ends lines in its own way.
            lines = re.split(rb"[\r\n]+", data.replace(b"\xef\xbb\xbf", b""))
            return b"\n".join(line.rstrip(b" \t") for line in lines)
    except OSError as why:
        return str(why)


def _bits(der):
    """The length of an RSA key. Other keys that clients parse are long enough."""
    if not (key := _KEY.search(der)):
        return 0
    if not key[1]:
        return 1 if key[4] or key[5] else 2048
    return 8 * (int.from_bytes(key[1], "big") - len(key[2]) - 1) + key[3][0].bit_length()


def _objection(der):
    """Why clients with rustls or Go do not take it, needed or not."""
    if _NEGATIVE.match(der):
        return "its serial number is negative"
    if _BROKEN.search(der):  # OpenSSL would leave an error behind, which the next look would find.
        return "one of its extensions is broken"
    is_known = 0 < _bits(der) <= 8192
    return None if is_known else "RSA of over 8192 bits, or a key that some clients do not know"


def _unfit(leaf):
    """Why clients with rustls or Go do not take it as a server's, where OpenSSL does."""
    if _AUTHORITY.search(leaf):
        return "a CA as the leaf"
    if _bits(leaf) == 1:
        return "a key on P-224 or of Ed448"
    if not _VERSION.match(leaf):
        return "it is not of version 3 of X.509"
    if not _SIGNED.search(leaf):
        return "some clients do not verify its kind of signature (SHA-224, or PSS with an odd salt, say)"
    if (uses := _USES.search(leaf)) and _SERVES not in uses[2][:uses[1][0]]:
        return "its extended key usage lacks serverAuth"
    return "a critical extension that some clients do not know" if _UNKNOWN.search(leaf) else None


def _context(protocol):
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


@contextlib.contextmanager
def _path(data):
    """A path for a function that takes no bytes. It leads into memory, or to a file without a name."""
    memory = getattr(os, "memfd_create", None)
    with open(memory("pem"), "w+b") if memory else tempfile.TemporaryFile() as opened:
        opened.write(data)
        opened.seek(0)
        yield f"/dev/fd/{opened.fileno()}"


def _handshake(context, peer, name):
    """What a client is shown that trusts the roots."""
    down, up = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = peer.wrap_bio(down, up, server_hostname=name)
    server = context.wrap_bio(up, down, server_side=True)
    for end in (client, server, client, server):
        with contextlib.suppress(ssl.SSLWantReadError):
            end.do_handshake()
    return client.getpeercert()
