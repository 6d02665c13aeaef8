"""A client has to ask, to finish a request that it begins, and to read its answer."""

import itertools
import socket
import threading
from unittest import mock

import serve
import wire
from bounded import Bounded


class Pair(Bounded):
    def setUp(self):
        self.near, self.far = socket.socketpair()
        self.addCleanup(self.near.close)
        self.addCleanup(self.far.close)


class Request(Pair):
    def test_a_client_that_asks_nothing_is_not_waited_for_forever(self):
        with self.assertRaises(TimeoutError):
            wire.request(self.far, 30, 0.02)

    def test_the_time_of_a_client_that_asks_nothing_is_what_a_server_gives_it(self):
        stream = mock.Mock()
        stream.recv.side_effect = TimeoutError
        with self.assertRaises(TimeoutError):
            wire.request(stream)
        stream.settimeout.assert_called_once_with(wire.IDLE_BOUND)

    def test_half_a_request_is_not_waited_for_forever(self):
        self.near.sendall(b"\0\0")
        with self.assertRaises(TimeoutError):
            wire.request(self.far, 0.02)

    def test_a_byte_now_and_then_does_not_make_the_wait_longer(self):
        clock = itertools.count()
        stream = mock.Mock()
        stream.recv.side_effect = lambda _size: b"\0"
        # Each look at the clock is a second after the last. A byte of four is still missing.
        with mock.patch.object(wire.time, "monotonic", lambda: next(clock)), self.assertRaises(TimeoutError):
            wire.request(stream, 3)
        self.assertEqual([call.args[0] for call in stream.settimeout.call_args_list], [wire.IDLE_BOUND, 2, 1])

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


class Accept(Bounded):
    """What a server does where it cannot accept a client."""

    def serve(self, outcomes, start=lambda _thread: None, pause=0):
        """Serves where accepting comes to these outcomes, one after another, and each pause takes so many seconds.
        Returns what was logged."""
        listener, lines, slept = mock.Mock(), [], []
        listener.accept.side_effect = [*outcomes, End]
        log = mock.patch.object(serve, "emit", lambda event, **fields: lines.append((event, *fields.values())))
        sleep = mock.patch.object(serve.time, "sleep", slept.append)
        monotonic = mock.patch.object(serve.time, "monotonic", lambda: len(slept) * pause)
        thread = mock.patch.object(serve.threading.Thread, "start", start)
        with log, sleep, monotonic, thread, self.assertRaises(End):
            serve.serve(listener, None)
        return lines

    def test_a_server_without_a_thread_closes_the_connection_and_goes_on(self):
        near, far = socket.socketpair()
        served = []

        def start(thread):
            if not served:
                served.append("refused")
                raise RuntimeError("can't start new thread")
            served.append("served")

        with near, far:
            lines = self.serve([(far, None), (mock.Mock(), None)], start)
            self.assertEqual(near.recv(1), b"")
        over = ("fault_ended", "accept_failed")
        self.assertEqual(lines, [("accept_failed", "can't start new thread"), over])
        self.assertEqual(served, ["refused", "served"])

    def test_a_failure_that_goes_on_is_logged_once_a_minute(self):
        # At the beginning, after a minute and after two.
        lines = self.serve([OSError("no descriptor")] * 13, pause=serve.AGAIN / 6)
        self.assertEqual(lines, [("accept_failed", "no descriptor")] * 3)

    def test_a_failure_after_a_success_is_news(self):
        client = (mock.Mock(), None)
        lines = self.serve([OSError("one"), OSError("two"), client, OSError("three")])
        self.assertEqual([why for _, why in lines], ["one", "accept_failed", "three"])
        self.assertEqual(lines[1][0], "fault_ended")


class End(BaseException):
    """Nothing more is accepted."""
