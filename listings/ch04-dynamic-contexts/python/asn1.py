"""DER (X.690), as much of it as certificates and keys need."""


def first(der, at=0):
    """Where the first value of some DER ends that begins there, and what it holds (section 8.1). Raises ValueError or
    IndexError where it is cut, or its length is written in more bytes than it takes (section 10.1)."""
    start, length = at + 2, der[at + 1]
    if length > 0x80:
        start += length - 0x80
        length = int.from_bytes(der[at + 2:start], "big")
        if der[at + 2] == 0 or length < 0x80:
            raise ValueError("no DER")
    value = der[start:start + length]
    if len(value) < length:
        raise ValueError("cut")
    return start + length, value


def items(der):
    """The values that stand one after the other: of each its tag, what it holds, and all of it. What stands behind a
    value is not copied: a certificate of a megabyte has a hundred thousand of them."""
    found, at = [], 0
    while at < len(der):
        end, value = first(der, at)
        found.append((der[at], value, der[at:end]))
        at = end
    return found


def values(der):
    """What each of them holds."""
    return [value for _, value, _ in items(der)]


def whole(der):
    """Whether this is one value of DER, and nothing follows it."""
    try:
        return len(der) == first(der)[0]
    except (IndexError, ValueError):
        return False
