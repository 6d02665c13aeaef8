"""What a key is, by the names that stand in its DER. OpenSSL signs with more than clients of other
libraries take, and the standard library does not say what a key is."""

import asn1
from rejected import Rejected

SIGNS = ("this server signs with ECDSA on P-256, P-384 or P-521, with Ed25519, or with RSA of 2048 to "
         "8192 bits")

DAMAGED = ("it is no private key: it was cut, its private and its public part are of two keys, or its label "
           "is that of another format (PRIVATE KEY is PKCS #8, EC PRIVATE KEY is SEC 1, RSA PRIVATE KEY is "
           "PKCS #1)")

UNWRITTEN = ("it is not written as RFC 5958 has it, which rustls reads (a NULL behind RSA, and the public part of Ed25519 "
             "alone, as it is): `openssl pkey -in OLD -out NEW` rewrites it")

# Object identifiers, as they are encoded.
_RSA = bytes.fromhex("2a864886f70d010101")
_ECDSA = bytes.fromhex("2a8648ce3d0201")
_ED25519 = bytes.fromhex("2b6570")
CURVES = {bytes.fromhex("2a8648ce3d030107"), bytes.fromhex("2b81040022"), bytes.fromhex("2b81040023")}
# The type of the second value in each format, so that one is not taken for another: a number, a string of
# bytes, a sequence.
_SECOND = {"RSA PRIVATE KEY": 0x02, "EC PRIVATE KEY": 0x04, "PRIVATE KEY": 0x30}
_EXCHANGE = "a key for key exchange (X25519 or X448)"
# Which ML-DSA an identifier means (RFC 9881, section 2). OpenSSL has it since 3.5.
ML_DSA = {
    bytes.fromhex("608648016503040311"): "ML-DSA-44",
    bytes.fromhex("608648016503040312"): "ML-DSA-65",
    bytes.fromhex("608648016503040313"): "ML-DSA-87",
}
_OTHERS = {
    **{name: f"an {words} key" for name, words in ML_DSA.items()},
    bytes.fromhex("2a864886f70d01010a"): "a key for RSA-PSS alone (id-RSASSA-PSS)",
    bytes.fromhex("2b6571"): "an Ed448 key",
    bytes.fromhex("2b656e"): _EXCHANGE,
    bytes.fromhex("2b656f"): _EXCHANGE,
    bytes.fromhex("2a8648ce380401"): "a DSA key",
}
_OTHER_CURVES = {
    bytes.fromhex("2b81040021"): "P-224",
    bytes.fromhex("2a8648ce3d030101"): "P-192",
    bytes.fromhex("2b8104000a"): "secp256k1",
    bytes.fromhex("2b2403030208010107"): "brainpoolP256r1",
    bytes.fromhex("2b240303020801010b"): "brainpoolP384r1",
}


def check(label, der, path):
    """Refuses a key that not every client takes. Its words hold nothing of the key."""
    try:
        what = _stranger(label, der)
    except (IndexError, ValueError):
        raise Rejected("malformed", path, DAMAGED) from None
    if what:
        raise Rejected("malformed", path, what if what == UNWRITTEN else f"{what}: {SIGNS}")


def _stranger(label, der):
    _, fields = asn1.first(der)
    second = asn1.items(fields)[1][0]
    fields = asn1.values(fields)
    if second != _SECOND[label]:
        raise ValueError("another format")
    if label == "RSA PRIVATE KEY":  # RFC 8017, appendix A.1.2: version, modulus.
        return _rsa(fields[1])
    if label == "EC PRIVATE KEY":  # RFC 5915: version, key, [0] curve.
        return _curve(asn1.first(fields[2])[1])
    # RFC 5958: version, algorithm, key.
    algorithm, more = asn1.values(fields[1]), asn1.items(asn1.first(der)[1])[3:]
    unnamed = algorithm[0] == _RSA and len(algorithm) < 2
    if unnamed or algorithm[0] == _ECDSA and fields[0] == b"\1" or any(tag == 0xa1 for tag, _, _ in more):
        return UNWRITTEN
    if algorithm[0] == _RSA:
        return _rsa(asn1.values(asn1.first(fields[2])[1])[1])
    if algorithm[0] == _ECDSA:
        return _curve(algorithm[1])
    return None if algorithm[0] == _ED25519 else _OTHERS.get(algorithm[0], "a key of an unknown algorithm")


def _curve(name):
    return None if name in CURVES else f"an ECDSA key on {curve(name)}"


def curve(name):
    """The name of a curve that no client takes."""
    return _OTHER_CURVES.get(name, "an unknown curve")


def _rsa(modulus):
    bits = int.from_bytes(modulus, "big").bit_length()
    return None if 2048 <= bits <= 8192 else f"an RSA key of {bits} bits"


def without_public(label, der):
    """The same key in the first version of PKCS #8, without the public key that RFC 5958 added behind
    it: OpenSSL before 3.5 does not read that."""
    if label != "PRIVATE KEY":
        return der
    _, fields = asn1.first(der)
    end = asn1.first(fields)[0]
    if fields[:end] == b"\x02\x01\x00":
        return der
    rest, kept = fields[end:], b"\x02\x01\x00"
    for _ in range(2):  # The algorithm, and the key.
        end = asn1.first(rest)[0]
        kept, rest = kept + rest[:end], rest[end:]
    if len(kept) < 0x80:
        return bytes([0x30, len(kept)]) + kept
    length = len(kept).to_bytes((len(kept).bit_length() + 7) // 8, "big")
    return bytes([0x30, 0x80 + len(length)]) + length + kept
