"""Whether a point lies on its curve (SEC 1, section 3.2.2.1): clients of Go do not parse a key that does not."""

# By the identifier of each curve: its prime, and b in y² = x³ - 3x + b (SEC 2, sections 2.4.2 to 2.6.1).
_OF = {
    bytes.fromhex("2a8648ce3d030107"): (2**256 - 2**224 + 2**192 + 2**96 - 1, int(
        "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b", 16)),
    bytes.fromhex("2b81040022"): (2**384 - 2**128 - 2**96 + 2**32 - 1, int(
        "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef", 16)),
    bytes.fromhex("2b81040023"): (2**521 - 1, int(
        "51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34"
        "f1ef451fd46b503f00", 16)),
}


def is_off(curve, point):
    """Whether this point, which is not compressed and has the right length, is none of the curve."""
    if curve not in _OF:
        return False
    prime, b = _OF[curve]
    size = (prime.bit_length() + 7) // 8
    if len(point) != 1 + 2 * size:
        return False
    x, y = int.from_bytes(point[1:1 + size], "big"), int.from_bytes(point[1 + size:], "big")
    return x >= prime or y >= prime or (y * y - x**3 + 3 * x - b) % prime != 0
