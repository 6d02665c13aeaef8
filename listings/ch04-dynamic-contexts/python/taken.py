"""What clients of other libraries take of a chain that OpenSSL takes.

OpenSSL compares names without their case and their type of string, signs and verifies with more
algorithms, and knows more extensions. rustls and Go compare bytes, and take what follows here.
"""

import datetime
from dataclasses import dataclass

import asn1
import constrained
import curves
import features
import forms
import key as keys
from fields import POLICIES, objection
from rejected import Rejected

SERVER, CLIENT = bytes.fromhex("2b06010505070301"), bytes.fromhex("2b06010505070302")
DEEPEST = 6  # Intermediates that a client of rustls follows.
TWO = "it names two algorithms for its signature, and clients of rustls and Go take none of them"
BEHIND = ("something beside extensions stands behind its public key (unique identifiers, say), and clients of "
          "rustls do not read that")
LONGEST = 8192  # Bits of an RSA key by which clients of rustls and Go verify a signature.
UNDATED = ("its dates have no seconds, a fraction of one, or another time zone, and clients of OpenSSL and rustls "
           "do not accept that")
NO_DATE = "one of its dates is none, and clients of GnuTLS, Java and Go do not parse that"
BELOW = 255  # Intermediates that a certificate may allow below it: clients of rustls parse no greater number.

_RSA, _ECDSA = bytes.fromhex("2a864886f70d010101"), bytes.fromhex("2a8648ce3d0201")
_ED448, _P224 = bytes.fromhex("2b6571"), bytes.fromhex("2b81040021")
_UTC_TIME = 0x17  # With two digits for the year.
_PLACES = bytes.fromhex("551d1f")
_CONSTRAINTS, _USAGES = bytes.fromhex("551d13"), bytes.fromhex("551d25")
_KEY_USAGE = bytes.fromhex("551d0f")
_READ = {bytes.fromhex(it) for it in ("551d11", "551d13", "551d1e", "551d1f", "551d25")}  # By rustls.
_REQUIRED, _ANY_POLICY = bytes.fromhex("551d24"), bytes.fromhex("551d2000")
# Usages, names, what an authority may, lists of revocation: what rustls knows when it is critical.
_RFC_5280 = {bytes((last,)) for last in (14, 15, 17, 19, 30, 31, 32, 33, 35, 36, 37, 54)}  # Section 4.2.
_KNOWN = {bytes.fromhex(f"551d{last:02x}") for last in (15, 17, 19, 30, 31, 37)}


def _pss(digest, salt):
    """RSASSA-PSS (RFC 4055) with this digest of SHA-2, and a salt as long as it."""
    digest = f"300d06096086480165030402{digest:02x}0500"
    return f"06092a864886f70d01010a3034a00f{digest}a11c301a06092a864886f70d010108{digest}a2030201{salt:02x}"


# The identifiers of signatures (RFC 5280, section 4.1.1.2) that every library verifies.
_SIGNED = {bytes.fromhex(it) for it in (
    *(f"06082a8648ce3d0403{last:02x}" for last in (2, 3, 4)),  # ECDSA and SHA-2.
    *(f"06092a864886f70d0101{last:02x}0500" for last in (11, 12, 13)),  # RSA and SHA-2.
    *(f"06092a864886f70d0101{last:02x}" for last in (11, 12, 13)),
    _pss(1, 32), _pss(2, 48), _pss(3, 64), "06032b6570")}


@dataclass(frozen=True)
class Certificate:
    """What is asked of a certificate (RFC 5280, section 4.1)."""

    version: bytes  # None of them is version 1: DER does not say what is meant without it.
    serial: bytes
    issuer: bytes
    subject: bytes
    from_1970: bool
    algorithm: list  # Of its key: the algorithm, and its parameters.
    unused: int  # Bits at its end.
    point: bytes
    extensions: dict  # Of each by its identifier: whether it is critical, and its value.
    fields: str  # Why clients of Go do not parse one of its fields.
    signed: bytes

    @staticmethod
    def of(der):
        """What stands in it."""
        body, signed, _ = asn1.items(asn1.first(der)[1])
        fields = asn1.items(body[1])
        version = b""
        if fields[0][0] == 0xa0:
            version = asn1.first(fields.pop(0)[1])[1]
        algorithm, point = asn1.values(fields[5][1])
        found = []
        for extension in asn1.values(asn1.first(fields[-1][1])[1]) if fields[-1][0] == 0xa3 else ():
            name, *critical, value = asn1.values(extension)
            found.append((name, b"".join(critical), value))
        unread = TWO if fields[1][1] != signed[1] else objection((fields[2][2], fields[4][2]), found)
        dates = asn1.items(fields[3][1])
        if [tag for tag, *_ in fields[6:]] not in ([], [0xa3]):
            unread = BEHIND
        elif not all(is_written(tag, text) for tag, text, _ in dates):
            unread = UNDATED
        elif not all(is_date(tag, text) for tag, text, _ in dates):
            unread = NO_DATE
        elif version in (b"", b"\0") and found:
            unread = "it is of version 1 of X.509 and has extensions, and clients of Java and GnuTLS do not parse that"
        unread = (unread or forms.objection(body[2], found, [*asn1.values(algorithm), b""], point[1:])
                  or forms.general(found)
                  or forms.nameless(fields[2][2], fields[4][2], found, asn1.values(algorithm), point[1:]))
        found = {name: (critical not in (b"", b"\0"), value) for name, critical, value in found}
        return Certificate(version, fields[0][1], fields[2][2], fields[4][2],
                           _from_1970(*dates[0][:2]), [*asn1.values(algorithm), b""], point[0],
                           point[1:], found, unread, signed[1])

    def is_authority(self):
        """Whether it says so: basicConstraints, CA:TRUE."""
        _, value = self.extensions.get(_CONSTRAINTS, (False, b"0\0"))
        return b"\xff" in asn1.values(asn1.first(value)[1])[:1]


def parsed_by_all(source, chain):
    """Refuses a chain of which clients of Go do not parse each certificate, needed or not."""
    for at, certificate in enumerate(chain, 1):
        old = ("its dates begin before 1970, and clients of rustls do not parse that: have it issued anew"
               if not certificate.from_1970 else None)
        if what := old or _unparsed(certificate):
            raise Rejected("malformed", source.certificate, f"certificate {at} of {len(chain)}: {what}")


def by_all(source, chain, anchors, purpose):
    """Refuses a chain to whose end clients of rustls or Go do not come. Peers ask for this purpose."""
    def refuse(at, what):
        detail = f"OpenSSL takes it, and clients of rustls or Go do not. Certificate {at} of the path: {what}"
        return Rejected("chain_broken", source.roots if at > 1 and last in anchors else source.certificate, detail)

    if not _signs(chain[0]):
        raise Rejected("chain_broken", source.certificate, "its key usage has no digitalSignature, and its key signs "
                       "each handshake. Clients of Java and GnuTLS refuse it")
    if purpose == SERVER and features.must_staple(chain[0]):
        raise Rejected("chain_broken", source.certificate, "the leaf asks for a stapled answer of OCSP (must-staple, RFC "
                       "7633), and this server gives none: clients of GnuTLS refuse it")
    last, trusted, at, path = chain[0], False, 1, []
    if what := _large(last):
        raise refuse(1, what)
    while at == 1 or last.subject != last.issuer:
        if not trusted and last.extensions.get(_PLACES, (False, b""))[0]:
            raise Rejected("chain_broken", source.certificate, "the places of revocation lists in a certificate "
                           "(cRLDistributionPoints) are marked critical, and clients of Java do not know that, unless "
                           "they check revocation")
        if not trusted and (what := _strange(last, purpose)):
            raise refuse(at, what)
        among = [it for it in anchors if it.subject == last.issuer and it not in path]
        trusted = trusted or bool(among)
        among = among or ([] if trusted else [it for it in chain[1:] if it.subject == last.issuer])
        if not among and trusted:
            break  # An anchor that another authority has issued.
        if not among:
            raise refuse(at, "no certificate here has its issuer's name, byte for byte")
        last = next((it for it in among if not _weak(it)), among[0])
        path.append(last)  # None twice: authorities issue each other, and a path that followed them had no end.
        at += 1
        if what := _unknown(last) if trusted else None:
            raise refuse(at, what)
        # A leaf that has signed itself is its own authority, and does not have to say so.
        no_authority = _no_authority(last) if last != chain[0] else None
        if what := _weak(last) or _unparsed(last) or _unfit(last, purpose) or no_authority:
            raise refuse(at, what)
        if at > DEEPEST + 1 and not trusted:
            raise refuse(at, f"more than {DEEPEST} intermediates lie below the authority")
    if not _has_policy([chain[0]] + [it for it in path if it not in anchors]):
        raise refuse(1, "an issuer asks for a policy (policyConstraints), and the certificates below it have none "
                        "in common")
    if what := constrained.objection([chain[0], *path]):
        raise refuse(1, what)
    features.given(source, [chain[0], *path], anchors)


def numbered_once(source, chain, anchors):
    """Refuses a chain in which a certificate has the issuer and the serial number of another one, or of an authority (RFC
    5280, section 4.1.2.2). Each is given in DER, and parsed."""
    for at, (der, one) in enumerate(chain, 1):
        for another, other in chain[at:] + anchors:
            if der != another and (one.issuer, one.serial) == (other.issuer, other.serial):
                raise Rejected("chain_broken", source.certificate, f"certificate {at} of {len(chain)} has the serial "
                               "number of another one of its issuer, in the chain or among the authorities: clients of "
                               "NSS (Firefox) take none of the two. Have it issued with a number of its own")


def _has_policy(path):
    """Whether these certificates, from the leaf on, have a policy in common, where one asks for that (RFC 5280, section
    4.2.1.11). A policy that an issuer calls by another name is not followed."""
    def asks(below, of):
        _, value = of.extensions.get(_REQUIRED, (False, b"0\0"))
        skipped = [it for tag, it, _ in asn1.items(asn1.first(value)[1]) if tag == 0x80]
        return bool(skipped) and int.from_bytes(skipped[0], "big") <= below

    def policies(of):
        _, value = of.extensions.get(POLICIES, (False, b"0\0"))
        return {asn1.values(it)[0] for it in asn1.values(asn1.first(value)[1])}

    if not any(asks(*it) for it in enumerate(path)):
        return True
    named = [it for it in map(policies, path) if _ANY_POLICY not in it]
    return not named or bool(set.intersection(*named))


def _unparsed(of):
    if of.serial[0] >= 0x80:
        return "its serial number is negative (RFC 5280 forbids that), and clients of Go do not parse it"
    if of.algorithm[0] == _ECDSA:
        if of.algorithm[1] not in keys.CURVES | {_P224}:
            return f"clients of Go do not parse its key on {keys.curve(of.algorithm[1])}"
        if of.point[0] != 4:
            return "clients of Go do not parse its key, a compressed point"
        if curves.is_off(of.algorithm[1], of.point):
            return "clients of Go do not parse its key, which is no point of its curve"
    if of.version > b"\2":
        return "X.509 has no such version"
    if of.algorithm[0] == _RSA and of.algorithm[1:] == [b""]:
        return "clients of Go do not parse an RSA key without a NULL behind its algorithm"
    if of.unused:
        return "clients of Go and rustls do not parse its key: bits at its end are said to be none of it"
    if of.algorithm[0] == _RSA and (what := _misnumbered(of)):
        return f"clients of Go do not parse its RSA key: {what}"
    if of.algorithm[0] == _RSA and (bits := _bits(of)) > LONGEST:
        return f"clients of Go take no certificate with an RSA key of {bits} bits, whether they need it or not"
    return of.fields


def _strange(of, purpose):
    if of.version != b"\2":
        return "it is not of version 3 of X.509"
    if of.signed not in _SIGNED:
        return "it is signed with an algorithm that they do not verify"
    for name, (critical, _) in of.extensions.items():
        if critical and name not in _KNOWN:
            return "it has a critical extension that they do not know"
    _, constraints = of.extensions.get(_CONSTRAINTS, (False, b"0\0"))
    below = [value for tag, value, _ in asn1.items(asn1.first(constraints)[1]) if tag == 0x02]
    if below and int.from_bytes(below[0], "big") > BELOW:
        return f"it allows more than {BELOW} intermediates below it (pathlen), and clients of rustls do not parse that"
    return _unfit(of, purpose) or (None if of.from_1970 else "its dates begin before 1970")


def _unknown(anchor):
    """OpenSSL knows more extensions than Go, which asks an authority that is trusted as well."""
    if any(critical and not (name[:2] == b"\x55\x1d" and name[2:] in _RFC_5280) for name, (critical, _) in
           anchor.extensions.items()):
        return "it has a critical extension that they do not know"
    return None


def _no_authority(issuer):
    """OpenSSL is content with a key usage that lets it sign certificates. One of the first version says nothing at all."""
    if not issuer.version or issuer.is_authority():
        return None
    return "it does not say that it is an authority (basicConstraints, CA:TRUE)"


def _signs(leaf):
    """Whether it may, where it says what its key may be used for (RFC 5280, section 4.2.1.3). OpenSSL is content with
    two other usages."""
    usage = leaf.extensions.get(_KEY_USAGE)
    bits = asn1.first(usage[1])[1] if usage else b"\0\x80"
    return len(bits) > 1 and bool(bits[1] & 0x80)


def _unfit(of, purpose):
    usages = of.extensions.get(_USAGES)
    if usages and purpose not in asn1.values(asn1.first(usages[1])[1]):
        return "its extended key usage does not name what it is for (serverAuth, clientAuth)"
    return None


def _weak(issuer):
    """Why they verify no signature by its key."""
    if issuer.algorithm[0] == _RSA:
        bits = _bits(issuer)
        return _large(issuer) if 2048 <= bits <= LONGEST else f"its RSA key has {bits} bits"
    if issuer.algorithm[0] == _ECDSA and issuer.algorithm[1] not in keys.CURVES:
        return f"its key is on {keys.curve(issuer.algorithm[1])}"
    return "it has an Ed448 key" if issuer.algorithm[0] == _ED448 else None


def _large(of):
    """Why clients of Go verify nothing with its exponent, where its key is of RSA."""
    if of.algorithm[0] == _RSA and (bits := int.from_bytes(_numbers(of)[1], "big").bit_length()) > 31:
        return f"its RSA key has an exponent of {bits} bits, and clients of Go verify nothing with more than 31"
    return None


def _misnumbered(of):
    for number in _numbers(of)[:2]:
        if not number or number[0] >= 0x80 or number[0] == 0 and (len(number) == 1 or number[1] < 0x80):
            return "a number of it is negative, zero, or begins with a byte too many"
    return "its exponent has over 63 bits" if len(_numbers(of)[1]) > 8 else None


def _numbers(of):
    """The modulus and the exponent of a key of RSA."""
    return asn1.values(asn1.first(of.point)[1])


def _bits(of):
    return int.from_bytes(_numbers(of)[0], "big").bit_length()


def is_written(tag, text):
    """Whether a date has seconds, no fraction of one, and no other zone than Greenwich's."""
    return len(text) == (13 if tag == _UTC_TIME else 15)


def is_date(tag, text):
    """Whether it is one of the calendar."""
    year, rest = (b"20" + text[:2], text[2:]) if tag == _UTC_TIME else (text[:4], text[4:])
    digits = year + rest[:-1]
    if not (rest.endswith(b"Z") and digits.isdigit()):
        return False
    try:
        return bool(datetime.datetime(int(year), *(int(rest[at:at + 2]) for at in range(0, 10, 2)), tzinfo=datetime.UTC))
    except ValueError:
        return False


def _from_1970(tag, date):
    # 50 and above are of the last century.
    return not b"50" <= date[:2] < b"70" if tag == _UTC_TIME else date[:4] >= b"1970"
