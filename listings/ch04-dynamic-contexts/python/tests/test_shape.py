"""The fields of a certificate, and what OpenSSL leaves behind of one whose fields are others."""

import ssl
import tempfile

import asn1
import identity
import pem
import shape
from issued import Bench, path
from test_taken import der

PLACES, ACCESS = bytes.fromhex("551d1f"), bytes.fromhex("2b06010505070101")
URI, BITS = der(0xa0, der(0xa0, der(0x86, b"a:"))), der(0x81, b"\1\x40")


def with_more(certificate, extension):
    """A certificate with one extension more. Nobody has signed it so."""
    body, *signed = asn1.items(asn1.first(certificate)[1])
    *fields, extensions = asn1.items(body[1])
    all_of_them = der(0xa3, der(0x30, asn1.first(extensions[1])[1], extension))
    body = der(0x30, *(it for _, _, it in fields), all_of_them)
    return der(0x30, body, *(it for _, _, it in signed))


class Shapes(Bench):
    def leaf(self):
        return pem.blocks(path("first", "tls.crt").read_bytes(), "tls.crt")[0][1]

    def test_a_place_of_lists_is_as_it_is_defined(self):
        for parts, is_one in (
                (URI, True), (URI + BITS, True), (der(0xa2, der(0x82, b"me")), True), (b"", False), (BITS, False),
                (URI + der(0x81, b"*"), False), (URI + der(0x81), False), (URI + der(4), False), (URI + der(0xa2), False),
                (URI + der(0xa2, der(0x82, b"\xfc")), False)):
            value = der(0x30, der(0x30, parts))
            with self.subTest(value=value.hex()):
                self.assertEqual(shape.objection(self.leaf(), {PLACES: (False, value)}) is None, is_one)

    def test_a_length_has_as_few_bytes_as_it_takes(self):
        for wrong in (b"\x04\x81\x01x", b"\x04\x82\x00\x01x", b"\x04\x80x\0\0", b"\x1f\x81\x01x", b"\x04\x02x", b"\x04"):
            self.assertEqual(shape._end(wrong), 0, wrong)
        self.assertEqual(shape._end(der(4, bytes(0x80))), 0x83)

    def test_what_openssl_has_said_of_one_certificate_is_not_said_of_the_next(self):
        broken = with_more(self.leaf(), der(0x30, der(6, ACCESS), der(4, der(0x30, der(0x30)))))
        with tempfile.NamedTemporaryFile() as file:
            file.write(ssl.DER_cert_to_PEM_cert(broken).encode())
            file.flush()
            ssl._ssl._test_decode_cert(file.name)  # As `getpeercert` does.
        found = pem.blocks(path("first", "ca.crt").read_bytes(), "ca.crt")
        self.assertEqual(len(identity._certificates(found, "ca.crt")), 1)
