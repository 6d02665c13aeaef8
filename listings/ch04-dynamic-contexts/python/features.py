"""Features of TLS that a certificate asks for (RFC 7633). Clients of GnuTLS alone hold a chain against them."""

import asn1
from rejected import Rejected

_FEATURES = bytes.fromhex("2b06010505070118")
_STATUS_REQUEST = b"\x05"  # A stapled answer of OCSP (RFC 6066, section 8).


def must_staple(of):
    return _STATUS_REQUEST in (_asked(of) or ())


def given(source, path, anchors):
    """Refuses a path, from the leaf to its anchor, in which an issuer asks for what a certificate below it does not ask for
    (RFC 7633, section 4.2.2), or in a way that is not read."""
    for at, issuer in enumerate(path[1:], 1):
        wanted = _asked(issuer)
        if wanted is None:
            what = "its features of TLS (RFC 7633) are broken"
        elif all(wanted <= (_asked(below) or set()) for below in path[:at]):
            continue
        else:
            what = "it asks for features of TLS (RFC 7633) that a certificate below it does not have"
        file = source.roots if issuer in anchors else source.certificate
        raise Rejected("chain_broken", file, f"certificate {at + 1} of the path: {what}, and clients of GnuTLS refuse what "
                       "is below it")


def _asked(of):
    """The numbers of what it asks for, without zeros before them; nothing where they are not read."""
    if _FEATURES not in of.extensions:
        return set()
    try:
        [(outer, value, _)] = asn1.items(of.extensions[_FEATURES][1])
        numbers = asn1.items(value)
    except (IndexError, ValueError):
        return None
    if outer != 0x30 or any(tag != 0x02 for tag, _, _ in numbers):
        return None
    return {number.lstrip(b"\0") for _, number, _ in numbers}
