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
LARGEST = (80 << 10, 80 << 10, 1 << 20)  # Bytes that are read of a file: clients take no longer chain.


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
        # It accepts for the life of the process, and has no certificate: each hello goes over to the
        # current context. Whether clients must show a certificate is said here.
        self.context = _context(ssl.PROTOCOL_TLS_SERVER)
        self.context.sni_callback = self._hand_over  # Called without a name, too.
        self._current, self._chain, self._loaded = None, [], threading.Event()
        threading.Thread(target=self._follow, daemon=True).start()
        self._loaded.wait()

    def _hand_over(self, connection, _name, _front):
        connection.context = self._current  # No file, no lock.

    def _follow(self):
        last, since = None, 0
        while True:
            try:
                found = self._read()
                if found != last:
                    last, since = found, time.monotonic()
                self._look(found, time.monotonic() - since)
            except Exception as why:  # The hook's, for one. It must not end the rotation.
                with contextlib.suppress(OSError):  # Its words may hold a file's, and so a key.
                    print(f"rotation: {type(why)}", flush=True)
            time.sleep(self._poll)

    def _look(self, found, age):
        try:
            context, loaded = self._judge(*found)
        except Rejected as why:
            if age >= REST:
                self._hook(None, why)
            return
        if loaded["chain"] == self._chain:
            self._hook(None, None)
        # Authorities do shorten chains. But a leaf alone may need roots that are intermediates.
        elif len(loaded["chain"]) >= len(self._chain) or age >= (REST if loaded["chain"][1:] else SETTLE):
            self._current, self._chain = context, loaded["chain"]
            self._loaded.set()  # Before the hook: where that fails, the pair is served all the same.
            self._hook(loaded, None)

    def _read(self):
        return [_file(path, limit) for path, limit in zip(self._files, LARGEST)]

    def _judge(self, *found):
        """Asks what clients ask, by a handshake in memory: does the key fit, does the chain
        lead to a root, today, for each name?"""
        for path, data in zip(self._files, found):
            if isinstance(data, str):
                raise Rejected("missing" if "Errno 2]" in data else "unreadable", path, data)
        context, peer = _context(ssl.PROTOCOL_TLS_SERVER), _context(ssl.PROTOCOL_TLS_CLIENT)
        peer.hostname_checks_common_name = False  # Only OpenSSL looks there.
        try:
            with _path(found[0]) as chain, _path(found[1]) as key:
                context.load_cert_chain(chain, key, password="")  # Or it asks at the terminal.
        except (ssl.SSLError, ValueError) as why:
            reason = getattr(why, "reason", "no PEM")
            if reason in ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED"):
                raise Rejected("pair_mismatch", self._files[1], reason) from None
            raise Rejected("malformed", self._files[0], reason) from None
        try:
            peer.load_verify_locations(cadata=found[2].decode("ascii", "ignore"))
        except (ssl.SSLError, ValueError):
            raise Rejected("malformed", self._files[2], "no root in it") from None
        try:
            for name in self._names:
                loaded = _handshake(context, peer, name)
        except ssl.SSLCertVerificationError as why:
            # OpenSSL's X509_V_ERR_..., from x509_vfy.h.
            reasons = {9: "not_yet_valid", 10: "expired", 62: "name_lost", 64: "name_lost"}
            reason = reasons.get(why.verify_code, "chain_broken")
            raise Rejected(reason, self._files[0], why.verify_message) from None
        except ssl.SSLError as why:
            raise Rejected("malformed", self._files[0], why.reason) from None
        blocks = re.findall(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", found[0], re.S)
        loaded["chain"] = [ssl.PEM_cert_to_DER_cert(block.decode("ascii", "ignore")) for block in blocks]
        return context, loaded


def _file(path, limit):
    """What a file holds, or why it cannot be read."""
    try:
        # Not blocking: to open a FIFO would wait for its writer, and /proc/kmsg waits for the kernel.
        with open(path, "rb", opener=lambda it, _: os.open(it, os.O_RDONLY | os.O_NONBLOCK)) as file:
            about = os.fstat(file.fileno())
            data = file.read(limit) if stat.S_ISREG(about.st_mode) and about.st_size <= limit else None
            return "not a regular file, or too large" if data is None else data
    except OSError as why:
        return str(why)


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
