"""The fields of a certificate that OpenSSL leaves unread, as clients of Go read them."""

import ipaddress
import re

import asn1

_NAMES, _CONSTRAINED, POLICIES, _USAGE = (bytes.fromhex(it) for it in ("551d11", "551d1e", "551d20", "551d0f"))
# What the value of an extension is in ASN.1, of those that Go reads unasked, and of the one that rustls reads: the
# time stamps of certificate transparency (RFC 6962, section 3.3).
_HOLDS = {bytes.fromhex(it): tag for it, tag in {
    "551d0e": 0x04, "551d0f": 0x03, "551d11": 0x30, "551d13": 0x30, "551d1e": 0x30, "551d1f": 0x30, "551d20": 0x30,
    "551d21": 0x30, "551d23": 0x30, "551d24": 0x30, "551d25": 0x30, "551d36": 0x02, "2b06010505070101": 0x30,
    "2b06010401d679020402": 0x04}.items()}
# The identifiers of keys, and where to ask about a certificate (RFC 5280, section 4.2).
_NEVER_CRITICAL = {bytes.fromhex(it) for it in ("551d0e", "551d23", "2b06010505070101")}
_PRINTABLE = re.compile(rb"[A-Za-z0-9 '()+,\-./:=?*&]*")  # X.680, section 41. Go takes * and & as well.
_DIGITS = re.compile(rb"[0-9 ]*")
# A host in a constraint: a dot before it is for those below. rustls takes no other letters.
_CONSTRAINED_HOST = re.compile(rb"\.?[A-Za-z0-9\-_]+(\.[A-Za-z0-9\-_]+)*")
_CONSTRAINED_PLACE = re.compile(rb"\.?[!-\-/-~]+(\.[!-\-/-~]+)*")  # Of mail and URIs. Go asks no more.
_USUAL = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+\-.]*")
_ADDRESS = re.compile(r"\[([^\]]*)\](:[0-9]*)?")
_HOST = re.compile(r"([^:%\[\]]*)(:[0-9]*)?")
# RFC 5321, section 4.1.2. A text in quotation marks is not looked into.
_ATOMS = re.compile(rb"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+(\.[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+)*")
_MAPPED = b"\0" * 10 + b"\xff\xff"


def objection(names, extensions):
    """Why clients of Go do not parse it, if so. Extensions are lists: identifier, critical, value."""
    for name in names:
        if what := _string(name):
            return f"a name in it {what}, and clients of Go do not parse that"
    seen = set()
    for name, critical, value in extensions:
        if name in seen:
            return "clients of Go do not parse an extension that is there twice"
        seen.add(name)
        if critical not in (b"", b"\0", b"\xff"):
            return "what is critical is neither true nor false in DER, and clients of rustls and Go do not parse that"
        if critical not in (b"", b"\0") and name in _NEVER_CRITICAL:
            return "an extension is marked critical, which RFC 5280 forbids, and clients of Go do not parse that"
        try:
            what = _extension(name, critical not in (b"", b"\0"), value)
        except (IndexError, ValueError):
            what = "one of its extensions is broken"
        if what:
            return f"{what}, and clients of Go do not parse that"
    return None


def _string(name):
    for pair in asn1.values(asn1.first(name)[1]):
        for attribute in asn1.values(pair):
            tag, text, _ = asn1.items(attribute)[1]
            if tag == 0x13 and not _PRINTABLE.fullmatch(text):
                return "is a PrintableString with a character that it cannot have"
            if tag == 0x0c and text.decode("utf-8", "ignore").encode() != text:
                return "is a UTF8String that is no UTF-8"
            if tag == 0x16 and not text.isascii():
                return "is an IA5String that is not ASCII"
            if tag == 0x12 and not _DIGITS.fullmatch(text):
                return "is a NumericString with a letter"
            if tag == 0x1e and len(text) % 2:
                return "is a BMPString that is cut"
            if tag == 0x1e and any(map(_reserved, text[::2], text[1::2])):
                return "is a BMPString with a character that it cannot have"
    return None


def _reserved(high, low):
    """Whether these two bytes of a BMPString are none of its characters: a half of a pair of UTF-16, say."""
    letter = high << 8 | low
    return 0xd800 <= letter <= 0xdfff or 0xfdd0 <= letter <= 0xfdef or letter >= 0xfffe


def _extension(name, critical, value):
    if name in _HOLDS and value[0] != _HOLDS[name]:
        raise ValueError("something else")
    if name == _USAGE and _odd(asn1.first(value)[1]):
        raise ValueError("no bits")
    if name not in (_NAMES, _CONSTRAINED, POLICIES):
        return None
    found = asn1.items(asn1.first(value)[1])
    if name == _NAMES:
        return next(filter(None, (_alternative(tag, text) for tag, text, _ in found)), None)
    if name == POLICIES:
        policies = [asn1.values(policy)[0] for _, policy, _ in found]
        return "it names one policy twice" if len(set(policies)) < len(policies) else None
    if name == _CONSTRAINED:
        subtrees = [asn1.items(subtree)[0][:2] for _, all_of, _ in found for subtree in asn1.values(all_of)]
        if not subtrees:
            return "its constraints of names are empty"
        return next(filter(None, (_constrained(*subtree, critical) for subtree in subtrees)), None)
    return None


def _odd(bits):
    """Whether these are no bits in DER (X.690, section 11.2): the first byte says how many of the last are none, and those
    are off."""
    return not bits or bits[0] > 7 or len(bits) == 1 and bits[0] or len(bits) > 1 and bits[-1] & (1 << bits[0]) - 1


def _alternative(tag, text):
    if tag in (0x81, 0x82) and not text.isascii():
        return "one of its names is not ASCII (of a host it would be xn--…)"
    if tag == 0x86 and not (text.isascii() and _uri(text.decode())):
        return "one of its names is a broken URI"
    if tag == 0x87 and len(text) not in (4, 16):
        return "one of its names is an IP address of another length than 4 or 16 bytes"
    if tag == 0x87 and text[:12] == _MAPPED:
        return "one of its names is an address of IPv4 in the form of IPv6"
    return None


def _constrained(tag, text, critical):
    if tag in (0x81, 0x82, 0x86) and not text.isascii():
        return "it constrains a name that is not ASCII"
    user, at, host = text.rpartition(b"@") if tag == 0x81 else (b"", b"", text)
    if at and not (user.startswith(b'"') or _ATOMS.fullmatch(user)):
        return "it constrains an address of mail that is none"
    usual = _CONSTRAINED_HOST if tag == 0x82 else _CONSTRAINED_PLACE
    if tag in (0x81, 0x82, 0x86) and host and not usual.fullmatch(host):
        return "it constrains the name of a host, and that is none"
    if tag == 0x86 and _is_address(host.decode()):
        return "it constrains the name of a host, and that is none"
    if tag not in (0x81, 0x82, 0x86, 0x87) and critical:
        return "it constrains names of a kind that Go does not know, and is marked critical"
    if tag == 0x87 and len(text) not in (8, 32):
        return "it constrains addresses without their mask"
    if tag == 0x87 and len(text) == 32 and text[:12] == _MAPPED:
        return "it constrains addresses of IPv4 in the form of IPv6"
    if tag == 0x87 and "01" in "".join(f"{byte:08b}" for byte in text[len(text) // 2:]):
        return "it constrains addresses by a mask with a gap"
    return None


def _is_address(text):
    try:
        return bool(ipaddress.ip_address(text))
    except ValueError:
        return False


def _uri(text):
    """Whether Go's url.Parse takes it (RFC 3986), and its host is one."""
    if not _USUAL.fullmatch(text) or re.search("%(?![0-9A-Fa-f]{2})", text):
        return False
    rest = re.split("[?#]", text, maxsplit=1)[0]
    scheme, colon, after = rest.partition(":")
    if colon and _SCHEME.fullmatch(scheme):
        rest = after
    elif colon and "/" not in scheme:  # Without a scheme, no colon may stand in what could be one.
        return False
    if not rest.startswith("//"):
        return True
    user, _, host = rest[2:].split("/", 1)[0].rpartition("@")
    if set(user) & set("[]@"):
        return False
    if address := _ADDRESS.fullmatch(host):
        try:
            return bool(ipaddress.IPv6Address(address[1]))
        except ValueError:
            return False
    found = _HOST.fullmatch(host)
    return bool(found) and (not found[1] or all(found[1].split(".")))
