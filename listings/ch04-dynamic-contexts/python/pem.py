"""Is each PEM block of a file whole, and of a kind that a server can use?

Parsers of PEM look for blocks and pass over all else: RFC 7468 permits text before a block. So nothing
that looks like a part of a block may stand outside of one. What a file holds is not repeated: it may be a
key.
"""

import base64
import binascii
import re

import kinds
from rejected import Rejected

_MARKER = re.compile(r"-----(BEGIN|END) ([^-]*)-----[ \t]*")

_BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"


def blocks(data, path):
    """The blocks of a file: for each its label, and what its base64 holds."""
    if what := kinds.no_pem(data):
        raise Rejected("malformed", path, what)
    decoded = data.decode("utf-8", "replace")
    found, label, body, offset, following = [], None, [], 0, 0
    end = "\n" if "\n" in decoded else "\r"  # An old Mac ends lines by the one, and Windows by both.

    def malformed(why):
        return Rejected("malformed", path, f"{why} (line {1 + decoded.count(end, 0, offset)})")

    lines = re.split("[\r\n]", decoded)
    for at, line in enumerate(lines, 1):
        offset, following = following, following + len(line) + 1
        line = line.removeprefix("\ufeff")  # A byte order mark; joined files may have several.
        marker = _MARKER.fullmatch(line)
        side, named = marker.groups() if marker else (None, None)
        if side == "BEGIN" and label is not None:
            raise Rejected("truncated", path, "a PEM block has no end")
        if side == "BEGIN":
            if what := kinds.stranger(named):
                raise malformed(what)
            label, body = named, []
        elif side == "END" and named == label:
            found.append((label, _decoded(label, "".join(body), path)))
            label = None
        elif side == "END":
            raise malformed("a PEM block ends that did not begin")
        elif at == len(lines) and line.startswith("-"):
            raise Rejected("truncated", path, kinds.CUT)
        elif "--BEGIN" in line or "--END" in line:
            raise malformed("a line that marks a PEM block holds something else, too")
        elif label is not None and ":" in line:
            raise malformed(kinds.header(line))
        elif label is not None:
            body.append(line)
    if label is not None:
        raise Rejected("truncated", path, "a PEM block has no end")
    if sum(is_key(label) for label, _ in found) > 1:
        raise Rejected("malformed", path, "more than one key")
    return found


def leaf(data):
    """The first certificate of a file, as it stands there; None where there is none that is whole."""
    begins = data.find(_BEGIN)
    # No pattern: in a file without an end, it would go on to the end of the file from each beginning.
    ends = data.find(_END, begins)
    return None if min(begins, ends) < 0 else data[begins:ends + len(_END)]


def encode(label, der):
    """A block in the form that every parser reads."""
    return f"-----BEGIN {label}-----\n".encode() + base64.encodebytes(der) + \
        f"-----END {label}-----\n".encode()


def is_key(label):
    """Whether a block of this label is a private key."""
    return label.endswith("PRIVATE KEY")


def _decoded(label, body, path):
    try:
        text = "".join(body.split())
        if "===" in text or len(text) % 4:
            raise ValueError("padded too much")  # Other parsers refuse it.
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        if label.endswith("PARAMETERS"):  # Nobody uses them.
            return b""
        named = "the key" if is_key(label) else f"a {label} block"
        raise Rejected("malformed", path, f"the base64 of {named} does not decode") from None
