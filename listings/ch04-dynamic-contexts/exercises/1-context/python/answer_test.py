"""What is wanted of `reload`. Each test is a check, and its text says what has to hold.

The handshakes run in memory, both ends on one thread. The command `openssl` issues the certificates: Python's library cannot.
"""

import functools
import shutil
import ssl
import tempfile
from pathlib import Path

from lab import DIRECTORY, leaf, odd_leaf, openssl, root

from answer import Served, reload


@functools.cache
def issued():
    """The pairs 1001 and 1002 of one authority, two with keys of other kinds, and keys that belong to neither, by their names."""
    files = {"other.key": leaf("Root A", "1003")[1]}
    for serial in ("1001", "1002"):
        files[f"{serial}.chain"], files[f"{serial}.key"] = leaf("Root A", serial)
    for name in ("ed25519.key", "half.key", "gone.key"):
        files[name] = str(DIRECTORY / name)
    openssl("genpkey", "-algorithm", "ed25519", "-out", "ed25519.key")
    openssl("pkey", "-traditional", "-in", files["1002.key"], "-out", "sec1.key")
    files["sec1.key"] = str(DIRECTORY / "sec1.key")
    for serial, kind in (("2001", ("rsa:2048",)), ("2002", ("ed25519",))):
        files[f"{serial}.chain"], files[f"{serial}.key"] = odd_leaf("Root A", serial, kind)
    whole = Path(files["1002.key"]).read_text()
    Path(files["half.key"]).write_text(whole[: len(whole) // 2])
    return files


class Bench:
    """A server that shows 1001, and a client that trusts the authority of all pairs."""

    def __init__(self):
        self.served = Served()
        try:
            self.load("1001.chain", "1001.key")
        except OSError as error:
            raise AssertionError(f"The first pair is valid, and `reload` raised: {error}.") from error

    def load(self, chain, key):
        reload(self.served, issued()[chain], issued()[key])

    def told(self, chain, key):
        """Reloads, and returns whether it raised."""
        try:
            self.load(chain, key)
        except OSError:
            return True
        except Exception as error:
            raise AssertionError(
                f"`reload` raised {error!r}. What it promises is an `OSError`, which `load_cert_chain` raises by itself: the caller of `reload` catches that, and "
                "goes on serving. Catch nothing, or raise one of its kind."
            ) from error
        return False

    def shown(self):
        """The serial that a client is shown now and how many certificates, or why its handshake failed."""
        context = ssl.create_default_context(cafile=root("Root A"))
        # In TLS 1.3 the certificates are encrypted, and could not be counted on their way.
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        inward, outward = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = context.wrap_bio(inward, outward, server_hostname="localhost")
        try:
            server = self.served.context.wrap_bio(outward, inward, server_side=True)
        except ssl.SSLError as error:
            raise AssertionError(
                f"No client can be accepted by `served.context` ({error.reason or error}): it is not a server's. `ssl.create_default_context()` makes one for clients "
                "unless it is told its purpose, and `blank()` makes one for a server."
            ) from error
        try:
            sent = handshake(client, server, inward)
        except ssl.SSLError as error:
            return f"nothing ({error.reason or error})", 0
        return client.getpeercert()["serialNumber"].lstrip("0"), certificates(sent)


def handshake(client, server, inward):
    """Runs both ends in turn, until both are done. Returns what the server sent first."""
    first, waiting = b"", [client, server]
    while waiting:
        for end in list(waiting):
            try:
                end.do_handshake()
                waiting.remove(end)
            except ssl.SSLWantReadError:
                pass
            if end is server and not first:
                first = inward.read()
                inward.write(first)
    return first


def certificates(sent):
    """How many certificates these records of a handshake of TLS 1.2 hold."""
    messages = b""
    while sent:
        length = int.from_bytes(sent[3:5], "big")
        messages, sent = messages + sent[5 : 5 + length], sent[5 + length :]
    while messages[0] != 11:
        messages = messages[4 + int.from_bytes(messages[1:4], "big") :]
    count, chain = 0, messages[7 : 7 + int.from_bytes(messages[4:7], "big")]
    while chain:
        count, chain = count + 1, chain[3 + int.from_bytes(chain[:3], "big") :]
    return count


def test_a_valid_pair_is_shown():
    """A valid pair is shown to the next client."""
    bench = Bench()
    assert not bench.told("1002.chain", "1002.key"), "1002 is a valid pair, and `reload` raised an error."
    shown, _ = bench.shown()
    assert shown == "1002", (
        f"1002 was loaded, and a new client was shown {shown}. Clients hold the root alone, so the intermediates have to be sent with "
        "the leaf, and `served.context` is what they are accepted by."
    )


    what_is_in_the_files_now_is_shown()


def what_is_in_the_files_now_is_shown():
    """A renewal writes into the files that the server knows: their names stay."""
    with tempfile.TemporaryDirectory() as directory:
        chain, key = Path(directory, "tls.crt"), Path(directory, "tls.key")
        bench = Bench()
        for serial in ("1001", "1002", "1001"):
            shutil.copyfile(issued()[f"{serial}.chain"], chain)
            shutil.copyfile(issued()[f"{serial}.key"], key)
            reload(bench.served, str(chain), str(key))
            shown, _ = bench.shown()
            assert shown == serial, (
                f"The files `tls.crt` and `tls.key` hold {serial}, and held another pair before. `reload` was called with the same two names as before, and a "
                f"new client was shown {shown}. A renewal writes into the files that the server knows: their names say nothing of what is in them."
            )


def test_a_torn_pair_leaves_the_old_identity():
    """A torn pair, the new certificate and the old key, changes nothing."""
    bench = Bench()
    told = bench.told("1002.chain", "other.key")
    shown, _ = bench.shown()
    assert shown == "1001", (
        f"The key does not belong to the new certificate, and clients are shown {shown} in place of 1001. `load_cert_chain` has raised "
        "the error at the second of two calls to OpenSSL. The first had already put the new certificate into the context, and dropped "
        "the old key. An error does not say that nothing was changed."
    )
    assert told, (
        "The key does not belong to the new certificate, and `reload` returned as if all were well. The operator who caused the reload "
        "needs to know that 1001 is still served."
    )


def test_half_a_key_leaves_the_old_identity():
    """A key of which half is written changes nothing."""
    bench = Bench()
    told = bench.told("1002.chain", "half.key")
    shown, _ = bench.shown()
    assert shown == "1001" and told, (
        f"The key's file was half written. Clients have to be shown 1001, as before, and were shown {shown}; `reload` has to raise an "
        f"error, and {'raised one' if told else 'raised none'}."
    )
    assert bench.told("1002.chain", "gone.key"), (
        "The key's file is missing, and `reload` returned as if all were well. Who caused the reload needs to know that 1001 is still served."
    )


def test_a_key_of_another_type_is_refused():
    """A key of another type than the certificate's is refused."""
    bench = Bench()
    told = bench.told("1002.chain", "ed25519.key")
    shown, _ = bench.shown()
    assert told and shown == "1001", (
        f"The certificate is one for ECDSA, and the key is an Ed25519 key. `reload` {'raised an error' if told else 'raised none'}, and "
        f"clients are shown {shown} in place of 1001. A context has a slot for each type of key. What compares the pair that clients "
        "would be shown is OpenSSL's check_private_key, which `load_cert_chain` calls last: after the context has changed."
    )


def test_the_chain_is_that_of_the_files():
    """The chain of the files is sent, and nothing of the chain before."""
    bench = Bench()
    assert not bench.told("1002.chain", "1002.key"), "1002 is a valid pair, and `reload` raised an error."
    _, count = bench.shown()
    assert count == 2, (
        f"The file holds two certificates, a leaf and its intermediate, and the client was sent {count}. What was loaded before has no "
        "part in it: a fresh context begins empty."
    )
    another_kind_of_key_is_shown_as_well()


def another_kind_of_key_is_shown_as_well():
    """An operator goes from one kind of key to another at a renewal, and back."""
    bench = Bench()
    for chain, key, serial, kind in (
        ("2001.chain", "2001.key", "2001", "one for RSA"),
        ("2002.chain", "2002.key", "2002", "one for Ed25519"),
        ("1002.chain", "sec1.key", "1002", "one for ECDSA, in a block `EC PRIVATE KEY`,"),
        ("1001.chain", "1001.key", "1001", "one for ECDSA, in a block `PRIVATE KEY`,"),
    ):
        told = bench.told(chain, key)
        shown, _ = bench.shown()
        assert not told and shown == serial, (
            f"A pair came whose key is {kind} as its certificate says. `reload` {'raised an error' if told else 'raised none'}, and a new client was shown {shown} in place "
            f"of {serial}. Which kind of key is used, and in which form it is written, is the operator's choice, and may change with each renewal."
        )
