"""What OpenSSL's parser of PEM says of a file that is cut within the first line of its second block."""

import ssl

import pem
from bounded import Bounded
from issued import path
from rejected import Rejected

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

    def test_what_is_wrong_with_a_marker_is_told_with_its_line(self):
        """A bundle of a system has thousands of lines. Windows ends them in its way, and an old Mac in another."""
        for end in ("\n", "\r\n", "\r"):
            for wrong in ("-----END CERTIFICATE-----", "  -----BEGIN CERTIFICATE-----", "-----BEGIN PKCS7-----"):
                with self.assertRaises(Rejected) as refused:
                    pem.blocks(f"# a bundle{end}{end}{wrong}{end}".encode(), "ca.crt")
                self.assertTrue(refused.exception.detail.endswith("(line 3)"), refused.exception.detail)


def anchors(file):
    """How many anchors a client finds in a file with these bytes."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=file.decode())
    return len(context.get_ca_certs())
