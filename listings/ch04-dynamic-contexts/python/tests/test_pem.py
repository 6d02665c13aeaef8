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

    def test_a_file_that_begins_blocks_and_ends_none_is_soon_read(self):
        """A pattern would go to its end from each of them, which takes minutes, and no other thread would run."""
        self.assertIsNone(pem.leaf((BEGIN + b"\n") * 37_000))
        self.assertIsNone(pem.leaf(b"-----END CERTIFICATE-----\n" + BEGIN))
        first = path("first", "tls.crt").read_bytes()
        self.assertEqual(pem.leaf(b"text\n" + first), first.partition(b"-----END CERTIFICATE-----")[0]
                         + b"-----END CERTIFICATE-----")

    def test_a_file_of_pem_may_have_the_letters_of_a_tar_archive(self):
        file = b"#" * 256 + b"\nustar\n" + path("first", "tls.crt").read_bytes()
        self.assertTrue(pem.blocks(file, "tls.crt"))
        with self.assertRaisesRegex(Rejected, "a tar archive"):
            pem.blocks(file + b"\0", "tls.crt")

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
