"""A client that begins a request has to finish it, and to read its answer; one that says nothing may stay."""

import socket
import threading

import serve
import wire
from bounded import Bounded


class Pair(Bounded):
    def setUp(self):
        self.near, self.far = socket.socketpair()
        self.addCleanup(self.near.close)
        self.addCleanup(self.far.close)


class Request(Pair):
    def test_half_a_request_is_not_waited_for_forever(self):
        self.near.sendall(b"\0\0")
        with self.assertRaises(TimeoutError):
            wire.request(self.far, 0.02)

    def test_a_whole_request_leaves_no_timeout_behind(self):
        self.near.sendall(b"\0\0\1\0")
        self.assertEqual(wire.request(self.far, 0.02), 256)
        self.assertIsNone(self.far.gettimeout())

    def test_a_goodbye_and_a_cut_are_told_apart(self):
        self.near.shutdown(socket.SHUT_WR)
        self.assertIsNone(wire.request(self.far))
        near, far = socket.socketpair()
        with near, far:
            near.sendall(b"\0")
            near.shutdown(socket.SHUT_WR)
            with self.assertRaises(EOFError):
                wire.request(far)


class Answer(Pair):
    def test_an_answer_that_is_not_read_is_not_waited_for_forever(self):
        ended = []

        def answers():
            try:
                while True:
                    wire.send(self.far, bytes(wire.BLOCK), 0.02)
            except TimeoutError as why:
                ended.append(why)

        thread = threading.Thread(target=answers, daemon=True)
        thread.start()
        thread.join(30)
        self.assertEqual(len(ended), 1, "it is held")

    def test_an_answer_that_is_read_leaves_no_timeout_behind(self):
        wire.send(self.far, b"whole", 0.02)
        self.assertEqual(self.near.recv(5), b"whole")
        self.assertIsNone(self.far.gettimeout())

    def test_a_goodbye_has_a_bound(self):
        class Stream:
            """As one of TLS, whose client asked for a block, closed its side, and answers no goodbye."""
            session_reused, generation, waits = False, 1, []
            recv, sendall, settimeout = self.far.recv, self.far.sendall, self.far.settimeout

            def version(self):
                return "TLSv1.3"

            def unwrap(stream):
                stream.waits.append(self.far.gettimeout())

        self.near.sendall(b"\0\0\1\0")
        self.near.shutdown(socket.SHUT_WR)
        serve._converse(Stream())
        self.assertEqual(Stream.waits, [serve.HANDSHAKE_BOUND])
