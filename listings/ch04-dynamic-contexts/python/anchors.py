"""Which authorities of a file are trusted.

Clients of OpenSSL and GnuTLS load no file with an authority that they do not parse. Those of rustls and Go pass over one
that they do not take.
"""

import asn1
import shape
from rejected import Rejected
from taken import BEHIND, NO_DATE, UNDATED, is_date, is_written

_LARGEST = (1 << 16) - 1  # Bytes that rustls reads of an authority.
_READ = {bytes.fromhex(it) for it in ("551d11", "551d13", "551d1e", "551d1f", "551d25")}  # By rustls.
_TWO = "it names two algorithms for its signature, and clients of GnuTLS load no file with such a one"
_FIRST = ("it is of version 1 of X.509 and has extensions, which came with version 3, and clients of GnuTLS load no file with "
          "such a one")
_OTHER = ("it says that it is of another version of X.509 than 3, and clients of rustls do not take it (version 1 is not "
          "said, by X.690)")
_TWICE = "an extension is there twice, and clients of GnuTLS load no file with such a one"
_LARGE = f"it has more than {_LARGEST} bytes, and clients of rustls do not take it"
_MORE = "something stands behind the value of an extension, and clients of rustls do not parse that"
_UNSURE = "what is critical is neither true nor false in DER, and clients of rustls and Go do not parse that"


def trusted(path, found, chain):
    """The authorities that clients of rustls take, of those that were found in a file, and why they do not take the first of
    the others. Another one is passed over, unless
    it has issued a certificate of this chain, or there is no other one."""
    issuers = set()
    for der in chain:
        if shape.is_certificate(der):
            _, _, fields = _fields(der)
            issuers.add(fields[2][2])
    kept, passed = [], None
    for at, der in enumerate(found, 1):
        what = _unloaded(der) if shape.is_certificate(der) else shape.UNDEFINED
        if what:
            raise Rejected("malformed", path, f"authority {at} of {len(found)}: {what}. Take it out of the file, or have it "
                           "issued anew")
        if not (what := _refused(der)):
            kept.append(der)
            continue
        why = Rejected("malformed", path, f"authority {at} of {len(found)}: {what}")
        _, _, fields = _fields(der)
        if fields[4][2] in issuers:
            raise why
        passed = passed or why
    if passed and not kept:
        raise passed
    if passed:
        passed = Rejected("malformed", path, f"{passed.detail}. It is passed over, and the others of this file are in force")
    return kept, passed


def _fields(der):
    """Of a certificate the algorithm of its signature, its version, which may not be said, and the fields behind that (RFC
    5280, section 4.1)."""
    body, signed, _ = asn1.items(asn1.first(der)[1])
    fields = asn1.items(body[1])
    version = asn1.first(fields.pop(0)[1])[1] if fields[0][0] == 0xa0 else None
    return signed[2], version, fields


def _unloaded(der):
    """Why clients of OpenSSL or GnuTLS load no file with it."""
    signed, version, fields = _fields(der)
    if fields[1][2] != signed:
        return _TWO
    if version in (None, b"\0") and fields[-1][0] == 0xa3:
        return _FIRST
    extensions = [asn1.values(it) for it in asn1.values(asn1.first(fields[-1][1])[1])] if fields[-1][0] == 0xa3 else []
    if len({name for name, *_ in extensions}) < len(extensions):
        return _TWICE
    if any(shape.unnamed(name, value) for name, *_, value in extensions):
        return shape.UNNAMED
    dates = asn1.items(fields[3][1])
    if not all(is_written(tag, text) for tag, text, _ in dates):
        return UNDATED
    return None if all(is_date(tag, text) for tag, text, _ in dates) else NO_DATE


def _refused(der):
    """Why clients of rustls do not take it."""
    _, version, fields = _fields(der)
    behind = [tag for tag, _, _ in fields[6:]]
    if behind not in ([], [0xa3]):
        return BEHIND
    if version not in (None, b"\2"):
        return _OTHER
    if len(der) > _LARGEST:
        return _LARGE
    for extension in asn1.values(asn1.first(fields[6][1])[1]) if behind else ():
        name, *critical, value = asn1.values(extension)
        if critical not in ([], [b"\0"], [b"\xff"]):
            return _UNSURE
        if name in _READ and not asn1.whole(value):
            return _MORE
    return None
