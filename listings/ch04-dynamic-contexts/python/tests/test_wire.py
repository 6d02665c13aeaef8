"""A client that begins a request has to finish it; one that says nothing may stay."""

import socket
import unittest

import wire


class Request(unittest.TestCase):
    def setUp(self):
        self.near, self.far = socket.socketpair()
        self.addCleanup(self.near.close)
        self.addCleanup(self.far.close)

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
