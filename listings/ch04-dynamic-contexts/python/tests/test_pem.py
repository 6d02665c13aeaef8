"""What OpenSSL's parser of PEM says of a file that is cut within the first line of its second block."""

import ssl

from bounded import Bounded
from issued import path

BEGIN = b"-----BEGIN CERTIFICATE-----"


class Cut(Bounded):
    def test_a_block_whose_first_line_is_cut_is_passed_over(self):
        """From the end of that line on it is an error; rustls's parser says so from the blank in it on."""
        root = path("first", "ca.crt").read_bytes()
        self.assertTrue(root.startswith(BEGIN))
        for cut in range(1, len(BEGIN)):
            self.assertEqual(anchors(root + root[:cut]), 1, cut)
        for cut in range(len(BEGIN), len(root) // 2):
            with self.assertRaises(ssl.SSLError, msg=cut):
                anchors(root + root[:cut])


def anchors(file):
    """How many anchors a client finds in a file with these bytes."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=file.decode())
    return len(context.get_ca_certs())
