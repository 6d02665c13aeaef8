"""The ASN.1 of a certificate, where OpenSSL takes a form and another parser does not: identifiers, frames, keys."""

import asn1

_RSA, _ECDSA = bytes.fromhex("2a864886f70d010101"), bytes.fromhex("2a8648ce3d0201")
_READ_TO_THE_END = {bytes.fromhex(it) for it in ("551d0f", "551d11", "551d13", "551d1e")}
_LOOKED_INTO = {bytes.fromhex(it) for it in ("551d25", "2b06010505070101")}
_AUTHORITY_KEY, _NAME_CONSTRAINTS = bytes.fromhex("551d23"), bytes.fromhex("551d1e")
_TEXTS = {0x03, 0x0c, 0x12, 0x13, 0x14, 0x16, 0x1c, 0x1e}  # Bits, and the strings that OpenSSL parses in names.
_CONSTRUCTED, _OLD = {0xa1, 0xa2, 0xa6, 0xa7}, {0xa3, 0xa5}  # Tags of names (RFC 5280, section 4.2.1.6).
_CONSTRAINTS, _PLACES, _NAMES = (bytes.fromhex(it) for it in ("551d13", "551d1f", "551d11"))
LARGE = ("an object identifier in it has a number of over 31 bits, as one that is made from a UUID, and clients of Go "
         "and GnuTLS do not parse that: have it issued with another")
# How long the keys of a kind are: on a curve by the identifier of that; and whether nothing may stand beside its own.
_LENGTHS = {bytes.fromhex(it): (length, alone) for it, length, alone in (
    ("2b81040021", 57, False), ("2a8648ce3d030107", 65, False), ("2b81040022", 97, False), ("2b81040023", 133, False),
    ("2b6570", 32, True), ("2b656e", 32, False), ("608648016503040311", 1312, True),
    ("608648016503040312", 1952, True), ("608648016503040313", 2592, True))}


def objection(body, extensions, algorithm, point):
    """Why clients of other libraries do not parse it, if so. Extensions are lists: identifier, critical, value."""
    inner = b"".join(value for name, _, value in extensions if name in _LOOKED_INTO)
    if _large(body) or _large(inner):
        return LARGE
    for name, _, value in extensions:
        if name in _READ_TO_THE_END and not asn1.whole(value):
            return "something stands behind the value of an extension, and clients of Java and GnuTLS do not parse that"
        if name == _CONSTRAINTS and asn1.items(asn1.first(value)[1])[:1] in ([(1, it, bytes((1, 1)) + it)] for it in _UNSURE):
            return "its basic constraints are not in DER, and clients of Go do not parse that"
        if name == _PLACES and any(map(_relative, asn1.values(asn1.first(value)[1]))):
            return "it names a place of revocation lists relative to its issuer, and clients of Go do not parse that"
    return _key(algorithm, point)


def general(extensions):
    """Why clients of OpenSSL do not parse a general name in it (RFC 5280, section 4.2.1.6), needed or not."""
    for name, _, value in extensions:
        try:
            broken = not all(map(_parses, _general_names(name, value)))
        except (IndexError, ValueError):
            continue  # Of another kind of fault.
        if broken:
            return ("a general name in it is broken, be it among its names, in constraints or in a place of revocation "
                    "lists, and clients of OpenSSL do not parse that")
    return None


def _general_names(name, value):
    """Those in the value of an extension that OpenSSL reads whenever it verifies: tag, content, and all of each."""
    if name not in (_NAMES, _AUTHORITY_KEY, _NAME_CONSTRAINTS, _PLACES):
        return []
    fields = asn1.items(asn1.first(value)[1])
    if name == _NAMES:
        return fields
    if name == _AUTHORITY_KEY:
        return _tagged(fields, 0xa1)
    if name == _NAME_CONSTRAINTS:
        return [asn1.items(tree)[0] for _, trees, _ in fields for tree in asn1.values(trees)]
    parts = [part for _, place, _ in fields for part in asn1.items(place)]
    return _tagged(_tagged(parts, 0xa0), 0xa0) + _tagged(parts, 0xa2)


def _tagged(among, tag):
    """What stands in those with this tag."""
    return [it for its, value, _ in among if its == tag for it in asn1.items(value)]


def _parses(name):
    tag, value, _ = name
    parts = asn1.items(value) if tag in (0xa0, 0xa4, 0xa5) and _are_values(value) else []
    if tag == 0xa0:  # An identifier of the type, and one value.
        return ([it for it, _, _ in parts] == [0x06, 0xa0] and _is_identifier(parts[0][1])
                and asn1.whole(parts[1][1]))
    if tag == 0xa4:
        return [it for it, _, _ in parts] == [0x30] and all(map(_is_text, asn1.values(parts[0][1])))
    if tag == 0xa5:  # Of EDI: who has assigned it, where that is said, and a name.
        return bool(parts) and parts[-1][0] == 0xa1
    return _is_identifier(value) if tag == 0x88 else tag >> 6 == 2 and tag & 0x1f < 8


def _are_values(der):
    try:
        return bool(asn1.items(der))
    except (IndexError, ValueError):
        return False


def _is_identifier(der):
    """Whether this is an object identifier in DER (X.690, section 8.19)."""
    begins = [0, *(at + 1 for at, byte in enumerate(der[:-1]) if byte < 0x80)]
    return bool(der) and der[-1] < 0x80 and all(der[at] != 0x80 for at in begins)


def _is_text(pairs):
    """Whether the values in a part of a directory's name are strings that OpenSSL parses."""
    texts = [asn1.items(pair)[1][:2] for pair in asn1.values(pairs)]
    return all(tag in _TEXTS and not (tag == 0x1e and len(text) % 2)
               and not (tag == 0x0c and text.decode("utf-8", "ignore").encode() != text) for tag, text in texts)


def nameless(issuer, subject, extensions, algorithm, point):
    """Why clients of Java and GnuTLS do not parse it: names of nothing, and an exponent of RSA below 3."""
    if not any(asn1.values(asn1.first(issuer)[1])):
        return "it names no issuer, and clients of Java do not parse that"
    named = any(name == _NAMES and critical not in (b"", b"\0") for name, critical, _ in extensions)
    if not any(asn1.values(asn1.first(subject)[1])) and not named:
        return ("it has no subject, and its names are not marked critical, or it has none (RFC 5280, section 4.2.1.6): "
                "clients of Java do not parse that")
    for name, _, value in extensions:
        if name != _NAMES:
            continue
        for tag, text, _ in asn1.items(asn1.first(value)[1]):
            if tag in (0x81, 0x82, 0x86) and not text:
                return "one of its names is empty, and clients of Java or GnuTLS do not parse that"
            if tag in _CONSTRUCTED:
                return "one of its names is not in DER (X.690), and clients of Java and GnuTLS do not parse that"
            if tag in _OLD:
                return ("one of its names is of a kind that none but OpenSSL reads (X.400 or EDI), and clients of GnuTLS do "
                        "not parse that")
    if algorithm[0] == _RSA and asn1.values(asn1.first(point)[1])[1:2] in ([b"\0"], [b"\1"], [b"\2"]):
        return "its RSA key has an exponent below 3, and clients of Java do not parse that"
    return None


_UNSURE = [bytes((value,)) for value in range(1, 255)]


def _relative(place):
    names = [name for tag, name, _ in asn1.items(place) if tag == 0xa0]
    return any(tag == 0xa1 for name in names for tag, _, _ in asn1.items(name))


def _large(der, deeper=32):
    """Whether an identifier has such a number. Strings of bytes are not looked into, nor what is deeper than OpenSSL's 30
    values within values: a certificate has room for more of them than Python has frames."""
    for tag, value, _ in asn1.items(der) if deeper else ():
        if tag == 0x06 and max(_numbers(value), default=0) >= 1 << 31 or tag & 0x20 and _large(value, deeper - 1):
            return True
    return False


def _numbers(identifier):
    number = 0
    for byte in identifier:
        # More than 31 bits are large, however many they are: each byte of a megabyte would move all those before.
        number = min(number << 7 | byte & 0x7f, 1 << 31)
        if byte < 0x80:
            yield number
            number = 0


def _key(algorithm, point):
    kind = algorithm[1] if algorithm[0] == _ECDSA else algorithm[0]
    length, alone = _LENGTHS.get(kind, (len(point), False))
    whole = len(point) == length and not (alone and algorithm[1:] != [b""])
    if algorithm[0] == _RSA:
        whole = asn1.whole(point) and len(asn1.items(asn1.first(point)[1])) == 2
    return None if whole else ("its key has another length than keys of its kind, or something stands beside it, and "
                               "clients of Go or Java do not parse that")
