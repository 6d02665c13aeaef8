"""Whole contexts, swapped: what a server and a client do across a rotation."""

import contextlib
import gc
import os
import ssl
import subprocess
import sys
import types
import weakref
from pathlib import Path
from unittest import mock

import contexts
import files
import identity
import serve
import watch
from bounded import Bounded
from issued import Bench, path, serial
from rejected import Rejected


class Server(Bench):
    def setUp(self):
        super().setUp()
        self.store = contexts.IdentityStore(self.source, contexts.server)
        self.front = contexts.hooked(self.store)

    def test_each_call_returns_the_current_generation(self):
        first = self.store.current()
        self.assertIs(self.store.current(), first)
        self.store.reload()
        self.assertIs(self.store.current(), first, "nothing has changed")
        self.assertEqual(first.number, 1)

    def test_a_new_certificate_is_shown_after_a_reload(self):
        self.assertEqual(self.shown(self.front), "1001")
        self.write("second")
        self.assertEqual(self.shown(self.front), "1001", "nobody has looked yet")
        self.store.reload()
        self.assertEqual(self.shown(self.front), "1002")
        self.assertEqual(self.store.current().number, 2)

    def test_a_second_root_is_a_new_generation(self):
        self.write("two-roots", ["ca.crt"])
        self.store.reload()
        self.assertEqual(self.store.current().number, 2)
        self.assertEqual(self.shown(self.front), "1001", "the pair is the same")
        self.write("first", ["ca.crt"])
        self.store.reload()
        self.assertEqual(self.store.current().number, 3)

    def test_a_comment_is_no_news_and_is_read_once(self):
        with open(self.directory / "ca.crt", "a", encoding="ascii") as roots:
            roots.write("# a comment\n")
        reads, judge = [], self.store._judge
        self.store._judge = lambda *seen: reads.append(seen) or judge(*seen)
        for _ in range(5):
            self.store.reload()
        self.assertEqual((len(reads), self.store.current().number), (1, 1))

    def test_a_client_without_sni_is_served_too(self):
        nameless = self.client(check_hostname=False)
        end, _ = identity.handshake(self.front, nameless, None)
        self.assertEqual(serial(end), "1001")

    def test_an_open_connection_stays_under_its_generation(self):
        client, server = identity.handshake(self.front, self.client(), "localhost")
        self.write("second")
        self.store.reload()
        self.assertEqual((server.generation, serial(client)), (1, "1001"))
        self.assertIsNot(server.context, self.store.current().identity.context)

    def test_a_generation_is_freed_when_its_last_connection_is(self):
        client, server = identity.handshake(self.front, self.client(), "localhost")
        first = weakref.ref(self.store.current().identity.context)
        self.write("second")
        self.store.reload()
        self.assertIsNotNone(first(), "a connection stands on it")
        del client, server
        gc.collect()
        self.assertIsNone(first())

    def test_sessions_belong_to_the_context_that_accepts(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.subTest(version):
                self.write("first")
                store = contexts.IdentityStore(self.source, contexts.server)
                front = contexts.hooked(store)
                returning = self.client(maximum_version=version)
                # By the hook: the context that accepts outlives the rotation, and so do sessions.
                session = begun(front, returning)
                # By swapping the context that accepts: they end with it.
                direct = begun(store.current().identity.context, returning)
                self.write("second")
                store.reload()
                client, server = identity.handshake(front, returning, "localhost", session)
                self.assertTrue(server.session_reused)
                self.assertEqual(serial(client), "1001", "the certificate of the session")
                swapped = store.current().identity.context
                client, server = identity.handshake(swapped, returning, "localhost", direct)
                self.assertFalse(server.session_reused)
                self.assertEqual(serial(client), "1002")


class Carried(Bench):
    """What a connection takes along when it goes over to another context."""

    def lets_in(self, accepting, picked, asks=ssl.CERT_REQUIRED):
        """Whether a client of `first` gets in, with these trust anchors on the two contexts."""
        front, other = (identity.new_context(ssl.PROTOCOL_TLS_SERVER) for _ in range(2))
        other.load_cert_chain(path("first", "tls.crt"), path("first", "tls.key"))
        for context, anchors in ((front, accepting), (other, picked)):
            for anchor in anchors:
                context.load_verify_locations(anchor)
        front.verify_mode = asks

        def hand_over(connection, _name, _front):
            connection.context = other

        front.sni_callback = hand_over
        client = self.client()
        client.load_cert_chain(path("first", "tls.crt"), path("first", "tls.key"))
        try:
            identity.handshake(front, client, "localhost")
            return True
        except ssl.SSLCertVerificationError:
            return False

    def test_the_trust_anchors_are_those_of_the_picked_context(self):
        ours = path("first", "ca.crt")
        theirs = self.directory / "theirs.crt"
        theirs.write_text(path("two-roots", "ca.crt").read_text()[len(ours.read_text()):])
        self.assertTrue(self.lets_in([], [ours]))
        self.assertFalse(self.lets_in([ours], []))
        self.assertTrue(self.lets_in([theirs], [ours]))
        self.assertFalse(self.lets_in([ours], [theirs]))


def begun(server, client):
    """A session to come back with. In TLS 1.3 the ticket comes after the handshake."""
    end, _ = identity.handshake(server, client, "localhost")
    with contextlib.suppress(ssl.SSLWantReadError):
        end.read(1)
    return end.session


class Client(Bench):
    def setUp(self):
        super().setUp()
        self.store = contexts.IdentityStore(self.source, contexts.client)
        self.server = identity.new_context(ssl.PROTOCOL_TLS_SERVER)
        self.server.load_cert_chain(path("peer", "tls.crt"), path("peer", "tls.key"))
        self.server.load_verify_locations(path("first", "ca.crt"))
        self.server.verify_mode = ssl.CERT_REQUIRED

    def shows(self):
        """The serial that the server is shown by a new connection."""
        context = self.store.current().identity.context
        return serial(identity.handshake(self.server, context, "localhost")[1])

    def test_each_new_connection_takes_the_current_context(self):
        self.assertEqual([self.shows(), self.shows()], ["1001", "1001"])
        self.write("second")
        self.store.reload()
        self.assertEqual([self.shows(), self.shows()], ["1002", "1002"])

    def test_a_torn_pair_leaves_the_client_as_it_was(self):
        self.write("second", ["tls.crt"])
        with self.assertRaises(Rejected) as rejected:
            self.store.reload()
        self.assertEqual(rejected.exception.reason, "pair_mismatch")
        self.assertEqual(self.shows(), "1001")
        self.write("second", ["tls.key"])
        self.store.reload()
        self.assertEqual(self.shows(), "1002")

    def test_a_client_is_validated_by_no_name(self):
        self.write("elsewhere")
        self.store.reload()
        self.assertEqual(self.shows(), "1003")

    def test_a_stranger_is_not_shown(self):
        self.write("stranger", ["tls.crt", "tls.key"])
        with self.assertRaises(Rejected) as rejected:
            self.store.reload()
        self.assertEqual(rejected.exception.reason, "chain_broken")
        self.assertEqual(self.shows(), "1001")

    def test_a_server_of_strangers_is_refused(self):
        self.server.load_cert_chain(path("stranger", "tls.crt"), path("stranger", "tls.key"))
        with self.assertRaises(ssl.SSLCertVerificationError):
            self.shows()


class Rejections(Bench):
    """Each way in which files can be invalid: the reason, the file, and the first goes on."""

    def rejected(self, reason, file, names=("localhost",)):
        store = contexts.IdentityStore(self.source, contexts.server)
        self.spoil()
        store.source = self.sources(*names)
        with self.assertRaises(Rejected) as rejected:
            store.reload()
        why = rejected.exception
        self.assertEqual((why.reason, os.path.basename(why.file)), (reason, file), why)
        key = path("second", "tls.key").read_text() + path("first", "tls.key").read_text()
        for line in key.splitlines():
            self.assertNotIn(line, str(why))
        self.assertEqual(self.shown(contexts.hooked(store)), "1001")

    def spoils(self, file, text):
        self.spoil = lambda: (self.directory / file).write_text(text)

    def test_missing(self):
        self.spoil = (self.directory / "tls.key").unlink
        self.rejected("missing", "tls.key")

    def test_unreadable(self):
        def spoil():
            (self.directory / "tls.crt").unlink()
            (self.directory / "tls.crt").symlink_to("tls.crt")

        self.spoil = spoil
        self.rejected("unreadable", "tls.crt")

    def test_a_pipe_is_not_waited_for(self):
        def spoil():
            (self.directory / "tls.key").unlink()
            os.mkfifo(self.directory / "tls.key")

        self.spoil = spoil
        self.rejected("not_regular", "tls.key")

    def test_a_file_that_has_no_end_is_not_waited_for(self):
        """It is regular by its type. Where this process may not open it, it is unreadable for that."""
        store = contexts.IdentityStore(self.source, contexts.server)
        (self.directory / "tls.key").unlink()
        (self.directory / "tls.key").symlink_to("/proc/kmsg")
        with self.assertRaises(Rejected) as rejected:
            store.reload()
        self.assertEqual(rejected.exception.file, str(self.directory / "tls.key"))

    def test_empty(self):
        self.spoils("tls.crt", "")
        self.rejected("truncated", "tls.crt")

    def test_half_a_key(self):
        key = path("second", "tls.key").read_text()
        self.spoils("tls.key", key[:len(key) // 2])
        self.rejected("truncated", "tls.key")

    def test_one_block_and_a_half(self):
        chain = path("second", "tls.crt").read_text()
        self.spoils("tls.crt", chain + chain[:len(chain) // 4])
        self.rejected("truncated", "tls.crt")

    def test_not_a_certificate(self):
        self.spoils("tls.crt", block("CERTIFICATE"))
        self.rejected("malformed", "tls.crt")

    def test_not_a_key(self):
        self.spoils("tls.key", block("PRIVATE" + " KEY"))
        self.rejected("malformed", "tls.key")

    def test_an_encrypted_key_does_not_ask_at_the_terminal(self):
        self.spoil = lambda: self.write("encrypted", ["tls.key"])
        self.rejected("malformed", "tls.key")

    def test_pair_mismatch(self):
        self.spoil = lambda: self.write("second", ["tls.key"])
        self.rejected("pair_mismatch", "tls.key")

    def test_without_intermediate(self):
        leaf, end, _ = path("second", "tls.crt").read_text().partition("-----END CERTIFICATE-----")

        def spoil():
            self.write("second", ["tls.key"])
            (self.directory / "tls.crt").write_text(leaf + end + "\n")

        self.spoil = spoil
        self.rejected("chain_broken", "tls.crt")

    def test_stranger(self):
        self.spoil = lambda: self.write("stranger", ["tls.crt", "tls.key"])
        self.rejected("chain_broken", "tls.crt")

    def test_an_authority_with_a_huge_key(self):
        self.spoil = lambda: self.write("huge")
        self.rejected("chain_broken", "ca.crt")

    def test_expired(self):
        self.spoil = lambda: self.write("expired")
        self.rejected("expired", "tls.crt")

    def test_not_yet_valid(self):
        self.spoil = lambda: self.write("tomorrow")
        self.rejected("not_yet_valid", "tls.crt")

    def test_name_lost(self):
        self.spoil = lambda: self.write("second")
        self.rejected("name_lost", "tls.crt", names=("elsewhere.example",))

    def test_one_name_of_two_is_lost(self):
        self.spoil = lambda: self.write("second")
        self.rejected("name_lost", "tls.crt", names=("localhost", "elsewhere.example"))

    def test_files_that_change_while_they_are_judged(self):
        """What was read is what is shown, whatever the paths mean by then."""
        seen = files.look(self.source)
        self.write("second", ["ca.crt", "tls.key", "tls.crt"])
        judged = contexts.server(self.source, seen)
        self.assertEqual(self.shown(judged.context), "1001")
        self.assertEqual(judged.serial, "1001")


def block(kind):
    """Whole as PEM, and nothing inside."""
    return f"-----BEGIN {kind}-----\nAAAA\n-----END {kind}-----\n"


class Watch(Bench):
    def test_a_rejection_is_news_once(self):
        store = contexts.IdentityStore(self.source, contexts.server)
        (self.directory / "tls.key").unlink()
        lines = []
        self.addCleanup(setattr, watch, "emit", watch.emit)
        watch.emit = lambda event, **fields: lines.append((event, fields["reason"]))
        told = None
        for _ in range(3):
            told = watch.look(store, told)
        self.assertEqual(lines, [("identity_rejected", "missing")])

    def test_a_renewal_that_fails_as_the_one_before_is_told(self):
        """In the same words: the key is that of the first."""
        store, lines, told = contexts.IdentityStore(self.source, contexts.server), [], None
        self.addCleanup(setattr, watch, "emit", watch.emit)
        watch.emit = lambda event, **fields: lines.append((event, fields["reason"]))
        for kind in ("second", "expired"):
            self.write(kind, ["tls.crt"])
            for _ in range(3):
                told = watch.look(store, told)
        self.assertEqual(lines, [("identity_rejected", "pair_mismatch")] * 2)

    def test_files_that_are_again_what_is_served_are_told(self):
        store = contexts.IdentityStore(self.source, contexts.server)
        lines, certificate = [], self.directory / "tls.crt"
        for module in (watch, contexts):
            self.addCleanup(setattr, module, "emit", module.emit)
            module.emit = lambda event, **fields: lines.append(event)
        good = certificate.read_bytes()
        told = watch.look(store, None)
        certificate.write_bytes(b"")
        told = watch.look(store, told)
        certificate.write_bytes(good)
        for _ in range(2):
            told = watch.look(store, told)
        self.assertEqual(lines, ["identity_rejected", "reload_skipped"])
        # A renewal is told by itself.
        certificate.write_bytes(b"")
        told = watch.look(store, told)
        self.write("second")
        watch.look(store, told)
        self.assertEqual(lines[2:], ["identity_rejected", "identity_loaded"])

    def test_a_look_after_a_defect_is_told(self):
        store = contexts.IdentityStore(self.source, contexts.server)
        lines = []
        self.addCleanup(setattr, watch, "emit", watch.emit)
        watch.emit = lambda event, **fields: lines.append(event)
        told = watch.look(object(), None)
        for _ in range(2):
            told = watch.look(store, told)
        self.assertEqual(lines, ["reload_panicked", "reload_skipped"])

    def test_a_defect_does_not_end_the_watch(self):
        lines = []
        self.addCleanup(setattr, watch, "emit", watch.emit)
        watch.emit = lambda event, **fields: lines.append(event)
        watch.look(object(), None)
        self.assertEqual(lines, ["reload_panicked"])


class Trust(Bench):
    def test_a_leaf_is_renewed_beside_roots_that_are_not_valid(self):
        """The last good ones judge it. That is told, and again at each renewal."""
        store, lines = contexts.IdentityStore(self.source, contexts.server), []
        self.addCleanup(setattr, contexts, "emit", contexts.emit)
        contexts.emit = lambda event, **fields: lines.append((event, fields.get("reason")))
        roots = self.directory / "ca.crt"
        for spoil in (lambda: roots.write_text(""), lambda: roots.unlink()):
            spoil()
            for _ in range(3):
                store.reload()
        self.write("second", ["tls.crt", "tls.key"])
        store.reload()
        self.assertEqual(self.shown(contexts.hooked(store)), "1002")
        faults = [reason for event, reason in lines if event == "trust_rejected"]
        self.assertEqual(faults, ["truncated", "missing", "missing"])


class Exposed(Bench):
    def test_an_exposed_key_is_told_once_for_each_mode(self):
        store = contexts.IdentityStore(self.source, contexts.server)
        modes = []
        self.addCleanup(setattr, contexts, "emit", contexts.emit)
        contexts.emit = lambda event, **fields: modes.append((event, fields.get("mode", fields.get("fault"))))
        for mode in (0o644, 0o644, 0o640, 0o666):  # 0640 is for a group of this process.
            (self.directory / "tls.key").chmod(mode)
            store.reload()
        over = ("fault_ended", "key_exposed")
        self.assertEqual(modes, [("key_exposed", "0644"), over, ("key_exposed", "0666")])
        # A key that is not there yet will have the mode of its file.
        (self.directory / "tls.key").chmod(0o604)
        (self.directory / "tls.key").write_text("")
        self.assertRaises(Rejected, store.reload)
        self.assertEqual(modes[3:], [("key_exposed", "0604")])


class Unraisable(Bounded):
    def test_a_client_writes_nothing_to_the_log_by_the_name_that_it_asks_for(self):
        of_a_name = UnicodeDecodeError("ascii", b"b\xfccher", 1, 2, "ordinal not in range(128)")
        for error, lines in ((of_a_name, 0), (RuntimeError("another"), 1)):
            what = types.SimpleNamespace(
                exc_type=type(error), exc_value=error, exc_traceback=None, err_msg=None, object=None)
            with mock.patch.object(sys, "__unraisablehook__") as written:
                serve.unraisable(what)
            self.assertEqual(written.call_count, lines, error)


class Arguments(Bench):
    def assert_refused(self, *options, words):
        twin = Path(contexts.__file__).parent
        # The role that ends by itself, should the check be missing.
        said = subprocess.run(
            [sys.executable, "-B", twin, "call", "--certificate", self.source.certificate,
             "--key", self.source.key, "--roots", self.source.roots,
             "--server", "127.0.0.1:1", "--hook", "frozen", "--until", "1", *options],
            capture_output=True, text=True, timeout=30, check=False,
        )
        self.assertEqual(said.returncode, 2, said.stderr)
        self.assertTrue(said.stderr.endswith(f"error: {words}\n"), said.stderr)

    def test_a_poll_of_zero_is_refused(self):
        self.assert_refused("--poll-ms", "0", words="--poll-ms: at least 1")

    def test_a_name_that_is_none_is_refused(self):
        # As a variable that is not set leaves it, with a dot before it, and with a label that is too long.
        for name in ("", ".example", "a" * 64 + ".example"):
            words = f"--name {name!r}: no name of a host, and no IP address"
            self.assert_refused("--name", name, words=words)
