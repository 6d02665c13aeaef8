"""The fields of a certificate as RFC 5280 defines them: which values stand where, and nothing else between them.

Each library parses some of these fields strictly, and each one others. A certificate whose fields are all as they are
defined is parsed by each of them.
"""

import contextlib

import asn1

_MANY = 1 << 30
_INDEFINITE = 0x80  # A length that is not told (BER).
_UTF_8 = 0x0c
_UNREAD = "is not as RFC 5280 defines it, and some clients (OpenSSL, Go, Java, GnuTLS, Python, Chromium) do not read that"
UNDEFINED = f"a field of it {_UNREAD}"


def _anything(_value):
    return True


def _ascii(value):
    """An IA5String."""
    return value.isascii()


def _wrapped(value):
    """One value of any type. One that says that it is UTF-8 is: Python shows that in words."""
    if not value or _end(value) != len(value):
        return False
    with contextlib.suppress(UnicodeDecodeError):
        return value[0] != _UTF_8 or asn1.first(value)[1].decode() is not None
    return False


def _identifier(value):
    """An object identifier (X.690, section 8.19)."""
    begins = (at for at in range(len(value)) if at == 0 or value[at - 1] < 0x80)
    return bool(value) and value[-1] < 0x80 and all(value[at] != 0x80 for at in begins)


def _number(value):
    """As few bytes as it takes (section 8.3)."""
    padded = len(value) > 1 and (value[0], value[1] >= 0x80) in ((0, False), (0xff, True))
    return bool(value) and not padded


def _bits(value):
    """How many bits of the last byte are none of it, and the bytes (section 8.6)."""
    return bool(value) and value[0] < 8 and (len(value) > 1 or value == b"\0")


def _address(value):
    """The address of a revocation list, in ASCII by RFC 5280. Each library takes UTF-8, and looks at it where it checks
    revocation. Python shows it in words."""
    with contextlib.suppress(UnicodeDecodeError):
        return value.decode() is not None
    return False


def _byte(value):
    """OpenSSL parses each one."""
    return len(value) == 1


def _filled(value):
    """One byte at least."""
    return bool(value)


def _whole(value):
    """Whole bytes in a BIT STRING."""
    return value[:1] == b"\0"


def _units(size):
    """Characters of so many bytes each."""
    return lambda value: len(value) % size == 0


def _truth(value):
    """One byte, in DER (section 11.1)."""
    return value in (b"\0", b"\xff")


# How often a value stands there, and the tags that it may have, with what it holds then. Without a tag, it may have each.
def _once(tags=None):
    return 1, 1, tags


def _perhaps(tags=None):
    return 0, 1, tags


def _repeated(tags):
    return 1, _MANY, tags


def _any_times(tags):
    return 0, _MANY, tags


def _of(tag, *fields):
    """What has this tag, and holds these fields."""
    return {tag: lambda value: _holds(value, fields)}


_IDENTIFIER, _NUMBER = _once({0x06: _identifier}), {0x02: _number}
_ALGORITHM = _of(0x30, _IDENTIFIER, _perhaps())
# Bits, and the strings that OpenSSL parses in names.
_TEXT = _once({0x03: _bits, 0x1c: _units(4), 0x1e: _units(2),
               **dict.fromkeys((0x0c, 0x12, 0x13, 0x14, 0x16), _anything)})
_NAME = _of(0x30, _any_times(_of(0x31, _repeated(_of(0x30, _IDENTIFIER, _TEXT)))))
# As OpenSSL parses it: a part of it may be of nothing.
_LOOSE_NAME = _of(0x30, _any_times(_of(0x31, _any_times(_of(0x30, _IDENTIFIER, _TEXT)))))
_DATE = _once(dict.fromkeys((0x17, 0x18), _anything))


def _either(tag, these, others):
    """What has this tag, and holds these fields, or others."""
    return {tag: lambda value: _holds(value, these) or _holds(value, others)}


# Section 4.2.1.6.
_GENERAL = {
    **dict.fromkeys((0x81, 0x82, 0x86), _ascii), **dict.fromkeys((0xa3, 0xa5, 0x87), _anything), 0x88: _identifier,
    **_of(0xa0, _IDENTIFIER, _once({0xa0: _wrapped})), **_of(0xa4, _once(_NAME))}


def _subtrees(tag):
    """How many names a constraint is for is never said."""
    return _perhaps(_of(tag, _repeated(_of(0x30, _once(_GENERAL)))))


# Section 4.1. What unique identifiers are is told elsewhere.
_BODY = _of(
    0x30, _perhaps(_of(0xa0, _once(_NUMBER))), _once(_NUMBER), _once(_ALGORITHM), _once(_LOOSE_NAME),
    _once(_of(0x30, _DATE, _DATE)), _once(_LOOSE_NAME), _once(_of(0x30, _once(_ALGORITHM), _once({0x03: _bits}))),
    _perhaps({0x81: _bits}), _perhaps({0x82: _bits}), _perhaps(_of(0xa3, _once(_of(0x30, _any_times(_of(
        0x30, _IDENTIFIER, _perhaps({0x01: _byte}), _once({0x04: _anything}))))))))
_CERTIFICATE = _of(0x30, _once(_BODY), _once(_ALGORITHM), _once({0x03: _whole}))
# What asks the two names of a certificate alone, and each part of them.
_SEQUENCE = _once({0x30: _anything})
_NAMED = _of(0x30, _once(_of(
    0x30, _perhaps({0xa0: _anything}), _once({0x02: _anything}), _SEQUENCE, _once(_NAME), _SEQUENCE, _once(_NAME),
    _any_times(None))), _any_times(None))
_PLACES = {**_GENERAL, 0x86: _address}
_POINT = _of(0xa0, _once({**_of(0xa0, _repeated(_PLACES)), 0xa1: _anything}))
_REASONS, _ISSUERS = _perhaps({0x81: _bits}), _of(0xa2, _repeated(_PLACES))
# A place has a name, or an issuer of its lists.
_PLACE = _either(0x30, (_once(_POINT), _REASONS, _perhaps(_ISSUERS)), (_REASONS, _once(_ISSUERS)))
_POLICY = _of(0x30, _IDENTIFIER, _perhaps(_of(0x30, _repeated(_of(0x30, _IDENTIFIER, _once())))))

# The names of a subject and of an issuer (subjectAltName, issuerAltName) as GnuTLS parses them in each certificate: none of
# nothing, of X.400 or of EDI.
_OF_GNUTLS = _of(0x30, _any_times({
    **dict.fromkeys((0xa0, 0x87, 0x88), _anything), **dict.fromkeys((0x81, 0x82, 0x86), _filled), **_of(0xa4, _once(_NAME))}))
_PARSED_BY_GNUTLS = {bytes.fromhex(it) for it in ("551d11", "551d12")}
UNNAMED = ("a name of its subject or of its issuer (subjectAltName, issuerAltName) is broken, of nothing, of X.400 or of EDI, "
           "and clients of GnuTLS do not parse that")

# What extensions hold that every library knows (section 4.2).
_KNOWN = {bytes.fromhex(name): _once(holds) for name, holds in (
    ("551d0e", {0x04: _anything}),
    ("551d0f", {0x03: _bits}),
    ("551d11", _of(0x30, _any_times(_GENERAL))),
    ("551d13", _of(0x30, _perhaps({0x01: _truth}), _perhaps(_NUMBER))),
    ("551d1e", _of(0x30, _subtrees(0xa0), _subtrees(0xa1))),
    ("551d1f", _of(0x30, _any_times(_PLACE))),  # No library asks for one at least.
    ("551d20", _of(0x30, _repeated(_POLICY))),
    ("551d21", _of(0x30, _repeated(_of(0x30, _IDENTIFIER, _IDENTIFIER)))),
    ("551d23", _of(0x30, _perhaps({0x80: _anything}), _perhaps(_of(0xa1, _repeated(_GENERAL))), _perhaps({0x82: _number}))),
    ("551d24", _of(0x30, _perhaps({0x80: _number}), _perhaps({0x81: _number}))),
    ("551d25", _of(0x30, _repeated({0x06: _identifier}))),
    ("551d36", _NUMBER),
    ("2b06010505070101", _of(0x30, _repeated(_of(0x30, _IDENTIFIER, _once(_GENERAL))))),
)}


def objection(der, extensions):
    """Which field of a certificate is not as it is defined, if one is not. Its extensions are a dictionary: of each by its
    identifier, whether it is critical, and its value."""
    if not is_certificate(der):
        return UNDEFINED
    if not _holds(der, [_once(_NAMED)]):
        return f"a name in it has a part of nothing, which {_UNREAD}"
    what = None
    if any(unnamed(name, value) for name, (_, value) in extensions.items()):
        return UNNAMED
    for name, (_, value) in extensions.items():
        if what is None and name in _KNOWN and not _holds(value, [_KNOWN[name]]):
            what = f"its extension {_dotted(name)}"
    return what and f"{what} {_UNREAD}"


def unnamed(name, value):
    """Whether clients of GnuTLS do not parse this extension."""
    return name in _PARSED_BY_GNUTLS and not _holds(value, [_once(_OF_GNUTLS)])


def is_certificate(der):
    """Whether the fields of a certificate are those that it has, as OpenSSL parses them. What extensions hold is not looked at."""
    return _holds(der, [_once(_CERTIFICATE)])


def _dotted(name):
    """A known identifier as people write it: its numbers are small."""
    return ".".join(map(str, (*divmod(name[0], 40), *name[1:])))


def _holds(der, fields):
    """Whether these values stand there, and nothing else."""
    at = 0
    for least, most, tags in fields:
        times = 0
        while times < most and (end := _end(der, at)):
            if tags is not None and der[at] not in tags:
                break
            if tags is not None and not tags[der[at]](asn1.first(der, at)[1]):
                return False
            at, times = end, times + 1
        if times < least:
            return False
    return at == len(der)


def _end(der, at=0):
    """Where the value ends that begins there, in DER; 0 where there is none. A tag of several bytes stands nowhere in a
    certificate."""
    try:
        end, _ = asn1.first(der, at)
    except (IndexError, ValueError):
        return 0
    return 0 if der[at + 1] == _INDEFINITE or der[at] & 0x1f == 0x1f else end
