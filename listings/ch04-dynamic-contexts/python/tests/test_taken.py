"""What other clients take: chains as they follow them, keys and blocks as they read them."""

import os
import ssl
import tempfile
from dataclasses import replace
from pathlib import Path
from unittest import mock

import asn1
import files
import forms
import identity
import key as keys
import pem
import taken
from bounded import Bounded
from files import Source
from rejected import Rejected

SOURCE = Source(Path("tls.crt"), Path("tls.key"), Path("ca.crt"), ("localhost",))
ECDSA = [taken._ECDSA, sorted(keys.CURVES)[0], b""]
SIGNED = sorted(taken._SIGNED)[0]
POLICY, OTHER = b"\x2a\x03", b"\x2a\x04"


def der(tag, *parts):
    """A value of DER."""
    held = b"".join(parts)
    length = len(held).to_bytes((len(held).bit_length() + 7) // 8, "big")
    length = bytes([len(held)]) if len(held) < 0x80 else bytes([0x80 + len(length)]) + length
    return bytes([tag]) + length + held


def issued(subject, issuer, **other):
    """A certificate of which every client takes all."""
    made = taken.Certificate(
        b"\2", b"\1", issuer.encode(), subject.encode(), True, ECDSA, 0, b"\4", {}, None, SIGNED)
    return replace(made, **other)


def authority(made):
    """The same, which says that it is an authority where it says nothing."""
    return replace(made, extensions={taken._CONSTRAINTS: (True, der(0x30, der(1, b"\xff"))), **made.extensions})


def root(name="Root", **other):
    return issued(name, name, **other)


def usable(modulus=1 << 2047, exponent=65537):
    """A key of RSA."""
    numbers = (der(2, number.to_bytes(number.bit_length() // 8 + 1, "big")) for number in (modulus, exponent))
    return {"algorithm": [taken._RSA, b"\5\0", b""], "point": der(0x30, *numbers)}


def under(*policies):
    named = der(0x30, *(der(0x30, der(6, policy)) for policy in policies))
    return {taken.POLICIES: (False, named)}


def asks_for_one(after):
    return {taken._REQUIRED: (True, der(0x30, der(0x80, bytes([after]))))}


def allows(below):
    return {taken._CONSTRAINTS: (True, der(0x30, der(1, b"\xff"), der(2, below.to_bytes(2, "big"))))}


class Paths(Bounded):
    def takes(self, chain, anchors=(root(),)):
        taken.by_all(SOURCE, [chain[0], *map(authority, chain[1:])], [*map(authority, anchors)], taken.SERVER)

    def refuses(self, says, chain, anchors=(root(),), file="tls.crt"):
        with self.assertRaises(Rejected) as refused:
            self.takes(chain, anchors)
        self.assertEqual((refused.exception.reason, refused.exception.file), ("chain_broken", file))
        self.assertIn(says, refused.exception.detail)

    def test_an_issuer_says_that_it_is_an_authority(self):
        silent = {"extensions": {taken._CONSTRAINTS: (True, der(0x30))}}
        leaf, middle = issued("Leaf", "Middle"), issued("Middle", "Root")
        says = "does not say that it is an authority"
        self.refuses(says, [leaf, replace(middle, **silent)])
        self.refuses(says, [leaf, middle], [root(**silent)], "ca.crt")
        self.takes([leaf, middle], [root(version=b"", **silent)])

    def test_the_file_at_fault_is_named(self):
        large = usable(exponent=1 << 32)
        middle = issued("Middle", "Root")
        self.takes([issued("Leaf", "Middle"), middle])
        self.refuses("Certificate 1 of the path", [issued("Leaf", "Middle", **large), middle])
        self.refuses("Certificate 2 of the path", [issued("Leaf", "Middle"), replace(middle, **large)])
        self.refuses("Certificate 3 of the path", [issued("Leaf", "Middle"), middle], [root(**large)], "ca.crt")
        # The same one, sent beside the leaf and trusted: it is mended in the file of the authorities.
        self.refuses("Certificate 2 of the path", [issued("Leaf", "Root"), root(**large)], [root(**large)], "ca.crt")

    def test_names_are_compared_byte_for_byte(self):
        self.refuses("no certificate here has its issuer's name", [issued("Leaf", "ROOT")])

    def test_authorities_that_issue_each_other_end_a_path(self):
        circle = [issued("Leaf", "One"), issued("One", "Two"), issued("Two", "One")]
        self.takes(circle, [issued("One", "Two"), issued("Two", "One")])

    def test_an_anchor_that_another_authority_issued_ends_a_path(self):
        self.takes([issued("Leaf", "Middle")], [issued("Middle", "Elsewhere")])

    def test_of_two_issuers_the_one_is_followed_whose_key_is_used(self):
        weak, strong = root(**usable(1 << 1023)), root(**usable())
        for anchors in ([weak, strong], [strong, weak]):
            self.takes([issued("Leaf", "Root")], anchors)
        self.refuses("1024 bits", [issued("Leaf", "Root")], [weak], "ca.crt")

    def test_the_seventh_intermediate_is_one_too_many(self):
        def chain(count):
            names = ["Leaf", *(f"Number {at}" for at in range(count)), "Root"]
            return [issued(*pair) for pair in zip(names, names[1:])]

        self.takes(chain(taken.DEEPEST))
        self.refuses("more than 6 intermediates", chain(taken.DEEPEST + 1))

    def test_a_policy_that_is_asked_for(self):
        leaf, middle = issued("Leaf", "Middle"), issued("Middle", "Root")
        no_policy = "asks for a policy"
        for skipped, of_leaf, of_middle, says in [
            (0, (), (), no_policy),
            (1, (), (), no_policy),
            (2, (), (), None),
            (0, (POLICY,), (OTHER,), no_policy),
            (0, (POLICY,), (POLICY, OTHER), None),
            (0, (POLICY,), (taken._ANY_POLICY,), None),
            (0, (taken._ANY_POLICY,), (taken._ANY_POLICY,), None),
        ]:
            with self.subTest(skipped=skipped, of_leaf=of_leaf, of_middle=of_middle):
                # Both of them ask, each for the certificates below it.
                chain = [replace(leaf, extensions=under(*of_leaf)),
                         replace(middle, extensions=under(*of_middle) | asks_for_one(skipped))]
                with mock.patch.object(taken, "_KNOWN", taken._KNOWN | {taken._REQUIRED}):
                    if says:
                        self.refuses(says, chain)
                    else:
                        self.takes(chain)

    def test_what_a_certificate_may_have(self):
        strange = bytes.fromhex("2a0304")
        for changed, says in [
            ({"version": b"\1"}, "not of version 3"),
            ({"signed": b"\6\1\1"}, "an algorithm that they do not verify"),
            ({"extensions": {strange: (True, b"")}}, "a critical extension"),
            ({"extensions": {strange: (False, b"")}}, None),
            ({"extensions": allows(255)}, None),
            ({"extensions": allows(256)}, "allows more than 255 intermediates"),
            ({"extensions": {taken._USAGES: (False, der(0x30, der(6, taken.SERVER)))}}, None),
            ({"extensions": {taken._USAGES: (False, der(0x30, der(6, taken.CLIENT)))}}, "extended key usage"),
            ({"from_1970": False}, "begin before 1970"),
        ]:
            with self.subTest(changed=changed):
                chain = [issued("Leaf", "Root", **changed)]
                if says:
                    self.refuses(says, chain)
                else:
                    self.takes(chain)


class Keys(Bounded):
    def key(self, version, length, *behind):
        """A key in PKCS #8 whose fields, up to the key itself, have so many bytes."""
        algorithm = der(0x30, der(6, taken._ECDSA))
        rest = length - 3 - len(algorithm)
        held = der(4, bytes(rest - (2 if rest < 0x82 else 3)))
        kept = algorithm + held
        self.assertEqual(3 + len(kept), length)
        return der(0x30, der(2, bytes([version])), kept, *behind), der(0x30, der(2, b"\0"), kept)

    def test_the_public_part_is_left_out(self):
        public = der(0xa1, b"\0public")
        for length in (0x40, 0x7f, 0x80, 0xff):
            given, wanted = self.key(1, length, public)
            kept = keys.without_public("PRIVATE KEY", given)
            self.assertEqual(kept, wanted, length)
            self.assertTrue(asn1.whole(kept))

    def test_a_key_without_one_stays_as_it_is(self):
        given, _ = self.key(0, 0x40, der(0xa0, b"attributes"))
        self.assertEqual(keys.without_public("PRIVATE KEY", given), given)
        given, _ = self.key(1, 0x40)
        self.assertEqual(keys.without_public("EC PRIVATE KEY", given), given)

    def test_what_openssl_says_of_a_pair_is_of_one_file(self):
        pair = identity.Pair((b"leaf", b"issuer"), b"")
        for reason, wanted in [
            ("INVALID_CERTIFICATE", ("malformed", "tls.crt")),
            ("UNSUPPORTED", ("malformed", "tls.key")),
            (None, ("malformed", "tls.key")),
            ("CA_MD_TOO_WEAK", ("chain_broken", "tls.crt")),
            ("EE_KEY_TOO_SMALL", ("chain_broken", "tls.crt")),
            ("KEY_TYPE_MISMATCH", ("pair_mismatch", "tls.key")),
        ]:
            why = ssl.SSLError()
            why.reason = reason
            with mock.patch.object(identity, "show", side_effect=why), self.assertRaises(Rejected) as refused:
                identity._belongs(SOURCE, pair)
            self.assertEqual((refused.exception.reason, refused.exception.file), wanted, reason)
            self.assertTrue(refused.exception.detail, reason)


class Forms(Bounded):
    def test_values_within_values_are_not_followed_for_ever(self):
        for depth, is_large in ((20, True), (5_000, False)):
            nested = der(0x06, b"\x55\x90\x80\x80\x80\x00")  # 2^32.
            for _ in range(depth):
                nested = der(0x30, nested)
            self.assertEqual(forms._large(nested), is_large)


class Files(Bounded):
    def test_a_marker_stands_alone_in_its_line(self):
        block = pem.encode("CERTIFICATE", b"1234").decode()
        self.assertEqual(pem.blocks(block.encode(), "x"), [("CERTIFICATE", b"1234")])
        for text in (block.replace("-----BEGIN", "x-----BEGIN"), block.replace("-----END", "x-----END"),
                     block + "and -----END CERTIFICATE-----\n"):
            with self.assertRaises(Rejected) as refused:
                pem.blocks(text.encode(), "x")
            self.assertIn("holds something else", refused.exception.detail)

    def test_what_follows_a_certificate_in_its_block_is_told(self):
        with self.assertRaises(Rejected) as refused:
            identity._certificates([("CERTIFICATE", der(0x30) + b"\0")], "tls.crt")
        self.assertIn("not one value of DER", refused.exception.detail)
        with self.assertRaises(Rejected) as refused:
            identity._certificates([("CERTIFICATE", der(0x30))], "tls.crt")
        self.assertNotIn("not one value of DER", refused.exception.detail)

    def test_each_file_of_roots_is_read(self):
        with tempfile.TemporaryDirectory(prefix="rotation-") as folder:
            paths = [Path(folder) / name for name in ("tls.crt", "tls.key", "ca.crt", "peers.crt")]
            for path in paths:
                path.write_text(path.name)
            for peers in (None, paths[3]):
                read = files.look(Source(*paths[:3], ("localhost",), peers))
                wanted = [path.name.encode() for path in (*paths[:3], peers or paths[2])]
                self.assertEqual([file.data for file in read], wanted)

    def test_a_chain_in_memory_has_a_path_with_and_without_memfd(self):
        for memory in {getattr(os, "memfd_create", None), None}:
            with mock.patch.object(os, "memfd_create", memory, create=True), identity._path(b"chain") as path:
                self.assertEqual(Path(path).read_bytes(), b"chain")
