"""What reading files leaves behind, and who else may read them."""

import os
from unittest import mock

import files
from files import File, Source
from issued import Bench
from rejected import Rejected


def leading_to(path):
    """The descriptors of this process that lead there."""
    found = [f"/dev/fd/{number}" for number in os.listdir("/dev/fd")]
    return [number for number in found if os.path.realpath(number) == os.path.realpath(path)]


class Read(Bench):
    def test_one_file_for_chain_and_key_is_read_once(self):
        """Read twice, its halves might be of two generations."""
        one = Source(self.source.certificate, self.source.certificate, self.source.roots, ("localhost",))
        with mock.patch.object(files, "_file", wraps=files._file) as read:
            certificate, key, _, _ = files.look(one)
        self.assertIs(certificate, key)
        self.assertEqual([call.args[0] for call in read.call_args_list], [one.certificate, one.roots])

    def test_a_look_leaves_no_descriptor_behind(self):
        files.look(self.source)
        self.source.key.unlink()
        self.source.key.mkdir()
        with self.assertRaises(Rejected):
            files.look(self.source)
        for path in (self.source.certificate, self.source.key, self.source.roots):
            self.assertEqual(leading_to(path), [], path)

    def test_a_group_of_ours_may_read_and_another_may_not(self):
        def exposes(mode, groups):
            return File("key", b"", mode, 7).exposes(groups)

        self.assertFalse(exposes(0o640, {7}))
        self.assertTrue(exposes(0o640, {8}), "read by another group")
        self.assertTrue(exposes(0o660, {7}), "written by ours")
        self.assertTrue(exposes(0o604, {7}), "read by everybody")
        self.assertFalse(exposes(0o600, {8}))
