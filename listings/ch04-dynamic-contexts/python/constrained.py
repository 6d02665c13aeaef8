"""Names that clients of rustls do not compare with the constraints of an issuer (RFC 5280, section 4.2.1.10): they take
none then, whatever the constraints permit."""

import re

import asn1

_NAMES, _CONSTRAINTS = bytes.fromhex("551d11"), bytes.fromhex("551d1e")
_HOST, _DIRECTORY, _ADDRESS = 0x82, 0xa4, 0x87  # Tags of names; of the others, rustls compares none.
_NOT_COMPARED = {0xa0, 0xa3, 0xa5, 0x88}  # By GnuTLS.
_LABEL = rb"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)"
# A wildcard stands before two labels, and the last one is no number.
_IS_HOST = re.compile(rb"(?=.{1,253}\Z)(\*\.(?=[^.]+\.))?(" + _LABEL + rb"\.)*(?![0-9]+\Z)" + _LABEL, re.DOTALL)


def objection(path):
    """Why clients of rustls take no such path, if so: from the leaf to its anchor."""
    for at, of in enumerate(path):
        constrained = {tag for issuer in path[at + 1:] for tag in _constrained(issuer)}
        if _DIRECTORY in constrained:
            return "an issuer constrains subjects (directoryName), and clients of rustls take none of it then"
        if constrained & _NOT_COMPARED:
            return ("an issuer constrains names of a kind that clients of GnuTLS do not compare: they take nothing below "
                    "it")
        _, names = of.extensions.get(_NAMES, (False, b"0\0"))
        for tag, name, _ in asn1.items(asn1.first(names)[1]):
            if tag not in constrained or tag in (_DIRECTORY, _ADDRESS):
                continue
            if tag != _HOST:
                return ("a name is of a kind that an issuer constrains, such as a URI or an address of mail, and clients "
                        "of rustls compare none of these with constraints")
            if not _IS_HOST.fullmatch(name):
                return ("the name of a host is none, and an issuer constrains these: clients of rustls do not "
                        "compare it")
    return None


def _constrained(issuer):
    """The tags of the names that it constrains."""
    _, value = issuer.extensions.get(_CONSTRAINTS, (False, b"0\0"))
    for trees in asn1.values(asn1.first(value)[1]):
        for tree in asn1.values(trees):
            yield asn1.items(tree)[0][0]
