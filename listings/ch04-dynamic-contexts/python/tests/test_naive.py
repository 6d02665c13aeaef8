"""What the naive ways do after the demo, and what ours does in the same place."""

import http.client
import os
import ssl
import threading

import contexts
import identity
import naive
import serve
from issued import Bench, path
from rejected import Rejected


class ContextManager(Bench):
    def setUp(self):
        super().setUp()
        files = [str(self.directory / file) for file in ("tls.crt", "tls.key", "ca.crt")]
        self.manager = naive.ContextManager(*files)
        self.store = contexts.IdentityStore(self.source, contexts.client)

    # ANCHOR: second_call
    def test_the_second_call_returns_nothing(self):
        self.assertIsInstance(self.manager.get_context(), ssl.SSLContext)
        self.assertIsNone(self.manager.get_context(), "the file has not changed")
        # Ours returns one each time.
        for _ in range(2):
            self.assertIsInstance(self.store.current().identity.context, ssl.SSLContext)
    # ANCHOR_END: second_call

    def test_after_a_rotation_it_works_once_more(self):
        self.manager.get_context()
        self.write("second")
        os.utime(self.directory / "tls.crt", (0, 0))
        self.assertIsInstance(self.manager.get_context(), ssl.SSLContext)
        self.assertIsNone(self.manager.get_context())

    # ANCHOR: symptom
    def test_nothing_means_the_default_and_the_symptom_points_elsewhere(self):
        server = serve.listen(0)
        self.addCleanup(server.close)
        address = server.getsockname()
        front = contexts.hooked(contexts.IdentityStore(self.source, contexts.server))
        threading.Thread(target=serve.serve, args=(server, front), daemon=True).start()

        def connects(context):
            connection = http.client.HTTPSConnection(*address, context=context)
            connection.host = "localhost"
            self.addCleanup(connection.close)
            connection._create_connection = lambda *_: serve.socket.create_connection(address)
            connection.connect()

        connects(self.manager.get_context())
        # The files are as good as before. `None` is no error: it asks for the defaults, which know
        # neither our trust anchors nor our certificate.
        with self.assertRaisesRegex(ssl.SSLCertVerificationError, "local issuer certificate"):
            connects(self.manager.get_context())
    # ANCHOR_END: symptom


class OneContext(Bench):
    def setUp(self):
        super().setUp()
        self.one = naive.OneContext(self.source.certificate, self.source.key)
        self.store = contexts.IdentityStore(self.source, contexts.server)
        self.front = contexts.hooked(self.store)

    def test_in_the_demo_both_work(self):
        self.write("second")
        self.one.reload()
        self.store.reload()
        self.assertEqual(self.shown(self.one.context), "1002")
        self.assertEqual(self.shown(self.front), "1002")

    # ANCHOR: torn
    def test_a_torn_pair_destroys_the_old_identity_too(self):
        self.write("second", ["tls.crt"])
        self.one.reload()
        with self.assertRaises(ssl.SSLError):
            self.shown(self.one.context)

        with self.assertRaises(Rejected):
            self.store.reload()
        self.assertEqual(self.shown(self.front), "1001")
    # ANCHOR_END: torn

    def test_a_half_written_key_destroys_it_too(self):
        key = path("second", "tls.key").read_text()
        self.write("second", ["tls.crt"])
        (self.directory / "tls.key").write_text(key[:len(key) // 2])
        self.one.reload()
        with self.assertRaises(ssl.SSLError):
            self.shown(self.one.context)

    def test_a_client_that_does_so_becomes_anonymous(self):
        server = identity.new_context(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(path("peer", "tls.crt"), path("peer", "tls.key"))
        server.load_verify_locations(path("first", "ca.crt"))
        server.verify_mode = ssl.CERT_OPTIONAL
        client = self.client()
        client.load_cert_chain(self.source.certificate, self.source.key)
        self.write("second", ["tls.crt"])
        with self.assertRaises(ssl.SSLError):
            client.load_cert_chain(self.source.certificate, self.source.key)
        _, end = identity.handshake(server, client, "localhost")
        self.assertFalse(end.getpeercert(), "a certificate was shown")
