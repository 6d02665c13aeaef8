"""The fields of a certificate, and what OpenSSL leaves behind of one whose fields are others."""

import ssl
import tempfile

import anchors
import asn1
import forms
import identity
import pem
import shape
import taken
from issued import Bench, path
from rejected import Rejected
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

    def test_the_address_of_a_revocation_list_is_utf8_and_there_may_be_none(self):
        def listed(address):
            return der(0x30, der(0x30, der(0xa0, der(0xa0, der(0x86, address)))))

        for value, is_one in ((listed("http://Bücher".encode()), True), (listed(b"http://B\xfccher"), False),
                              (der(0x30), True)):
            with self.subTest(value=value.hex()):
                self.assertEqual(shape.objection(self.leaf(), {PLACES: (False, value)}) is None, is_one)
        self.assertIsNotNone(shape.objection(self.leaf(), {ACCESS: (False, der(0x30))}))

    def test_what_stands_behind_a_value_is_not_copied(self):
        class Counted(bytes):
            copied = 0

            def __getitem__(self, at):
                found = super().__getitem__(at)
                if isinstance(at, slice):
                    Counted.copied += len(found)
                    return Counted(found)
                return found

        many = Counted(der(0x82, b"a") * 10_000)
        self.assertEqual(len(asn1.items(many)), 10_000)
        self.assertTrue(shape._holds(many, [shape._any_times({0x82: shape._ascii})]))
        self.assertLess(Counted.copied, 4 * len(many))

    def test_a_number_of_an_identifier_does_not_grow_with_it(self):
        self.assertEqual(list(forms._numbers(b"\x2a" + b"\xff" * 1000 + b"\x7f")), [0x2a, 1 << 31])


class Anchors(Bench):
    def root(self):
        return pem.blocks(path("first", "ca.crt").read_bytes(), "ca.crt")[0][1]

    def with_version(self, number):
        body, *signed = asn1.items(asn1.first(self.root())[1])
        _, *fields = asn1.items(body[1])
        body = der(0x30, der(0xa0, der(2, number)), *(it for _, _, it in fields))
        return der(0x30, body, *(it for _, _, it in signed))

    def test_an_authority_that_rustls_does_not_take_is_passed_over_where_another_one_is_needed(self):
        odd, leaf = self.with_version(b"\1"), pem.blocks(path("first", "tls.crt").read_bytes(), "tls.crt")[0][1]
        kept, passed = anchors.trusted("ca.crt", [odd, self.root()], [])
        self.assertEqual((kept, passed.reason), ([self.root()], "malformed"))
        self.assertIn("It is passed over", passed.detail)
        for found, chain in (([odd], []), ([odd, self.root()], [self.issued_by_root(leaf)])):
            with self.assertRaises(Rejected) as why:
                anchors.trusted("ca.crt", found, chain)
            self.assertIn("another version of X.509 than 3", why.exception.detail)

    def issued_by_root(self, leaf):
        """The leaf, with the root's name as its issuer's. Nobody has signed it so."""
        name = asn1.items(asn1.items(asn1.first(self.root())[1])[0][1])[5][2]
        body, *signed = asn1.items(asn1.first(leaf)[1])
        fields = [it for _, _, it in asn1.items(body[1])]
        fields[3] = name
        return der(0x30, der(0x30, *fields), *(it for _, _, it in signed))

    def test_a_date_is_one_of_the_calendar(self):
        for text, is_one in ((b"260228000059Z", True), (b"260230000000Z", False), (b"261301000000Z", False),
                             (b"260228000060Z", False), (b"26022800000+Z", False)):
            self.assertEqual(taken.is_date(0x17, text), is_one, text)
        self.assertTrue(taken.is_date(0x18, b"99991231235959Z"))
