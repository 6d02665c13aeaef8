"""What a key is, by the names that stand in its DER. OpenSSL signs with more than clients of other
libraries take, and the standard library does not say what a key is."""

from rejected import Rejected

SIGNS = ("this server signs with ECDSA on P-256, P-384 or P-521, with Ed25519, or with RSA of 2048 to "
         "8192 bits")

# Object identifiers, as they are encoded.
_RSA = bytes.fromhex("2a864886f70d010101")
_ECDSA = bytes.fromhex("2a8648ce3d0201")
_ED25519 = bytes.fromhex("2b6570")
_CURVES = {bytes.fromhex("2a8648ce3d030107"), bytes.fromhex("2b81040022"), bytes.fromhex("2b81040023")}
_EXCHANGE = "a key for key exchange (X25519 or X448)"
# Which ML-DSA an identifier means (RFC 9881, section 2). OpenSSL has it since 3.5.
_ML_DSA = {
    bytes.fromhex("608648016503040311"): "ML-DSA-44",
    bytes.fromhex("608648016503040312"): "ML-DSA-65",
    bytes.fromhex("608648016503040313"): "ML-DSA-87",
}
_OTHERS = {
    **{name: f"an {words} key" for name, words in _ML_DSA.items()},
    bytes.fromhex("2b81040021"): "an ECDSA key on P-224",
    bytes.fromhex("2b8104000a"): "an ECDSA key on secp256k1",
    bytes.fromhex("2b2403030208010107"): "an ECDSA key on brainpoolP256r1",
    bytes.fromhex("2a864886f70d01010a"): "a key for RSA-PSS alone (id-RSASSA-PSS)",
    bytes.fromhex("2b6571"): "an Ed448 key",
    bytes.fromhex("2b656e"): _EXCHANGE,
    bytes.fromhex("2b656f"): _EXCHANGE,
    bytes.fromhex("2a8648ce380401"): "a DSA key",
}


def check(label, der, path):
    """Refuses a key that not every client takes. Its words hold nothing of the key."""
    try:
        what = _stranger(label, der)
    except (IndexError, ValueError):
        raise Rejected("malformed", path, "it is not a private key") from None
    if what:
        raise Rejected("malformed", path, f"{what}: {SIGNS}")


def signed_with_ml_dsa(certificate):
    """Which ML-DSA a certificate is signed with. None for any other algorithm."""
    _, fields = _first(certificate)
    _, algorithm, _ = _values(fields)  # RFC 5280, section 4.1.
    return _ML_DSA.get(_values(algorithm)[0])


def _stranger(label, der):
    _, fields = _first(der)
    fields = _values(fields)
    if label == "RSA PRIVATE KEY":  # RFC 8017, appendix A.1.2: version, modulus.
        return _rsa(fields[1])
    if label == "EC PRIVATE KEY":  # RFC 5915: version, key, [0] curve.
        return _curve(_first(fields[2])[1])
    # RFC 5958: version, algorithm, key.
    algorithm = _values(fields[1])
    if algorithm[0] == _RSA:
        return _rsa(_values(_first(fields[2])[1])[1])
    if algorithm[0] == _ECDSA:
        return _curve(algorithm[1])
    return None if algorithm[0] == _ED25519 else _OTHERS.get(algorithm[0], "a key of an unknown algorithm")


def _curve(name):
    return None if name in _CURVES else _OTHERS.get(name, "an ECDSA key on an unknown curve")


def _rsa(modulus):
    bits = int.from_bytes(modulus, "big").bit_length()
    return None if 2048 <= bits <= 8192 else f"an RSA key of {bits} bits"


def without_public(label, der):
    """The same key in the first version of PKCS #8, without the public key that RFC 5958 added behind
    it: OpenSSL before 3.2 does not read that."""
    if label != "PRIVATE KEY":
        return der
    _, fields = _first(der)
    end = _first(fields)[0]
    if fields[:end] == b"\x02\x01\x00":
        return der
    rest, kept = fields[end:], b"\x02\x01\x00"
    for _ in range(2):  # The algorithm, and the key.
        end = _first(rest)[0]
        kept, rest = kept + rest[:end], rest[end:]
    if len(kept) < 0x80:
        return bytes([0x30, len(kept)]) + kept
    length = len(kept).to_bytes((len(kept).bit_length() + 7) // 8, "big")
    return bytes([0x30, 0x80 + len(length)]) + length + kept


def whole(der):
    """Whether this is one value of DER, and nothing follows it."""
    try:
        return len(der) == _first(der)[0]
    except (IndexError, ValueError):
        return False


def _values(der):
    """The contents of the values that stand one after the other."""
    found = []
    while der:
        end, value = _first(der)
        found.append(value)
        der = der[end:]
    return found


def _first(der):
    """Where the first value of some DER ends, and what it holds (X.690, section 8.1)."""
    start, length = 2, der[1]
    if length > 0x80:
        start += length - 0x80
        length = int.from_bytes(der[2:start], "big")
    value = der[start:start + length]
    if len(value) < length:
        raise ValueError("cut")
    return start + length, value
