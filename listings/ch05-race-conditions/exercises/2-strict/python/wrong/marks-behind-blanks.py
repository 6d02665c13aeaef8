"""A strict parser."""

import ssl


def anchors(pem):
    """The trust anchors in the text of a file: a list of all of them, each as DER. Raises
    `ValueError` where the file may hold an anchor that is not in the answer, or holds none."""
    # Each line that looks like a mark is one, and each beginning has its end.
    marks = [line.rstrip() for line in pem.splitlines() if line.strip().startswith("---")]
    whole = ["-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"] * (len(marks) // 2)
    # What follows the last line break: a writer may be in the middle of it.
    last = pem.rpartition("\n")[2]
    if marks != whole or (last.startswith("-") and last.strip() not in whole):
        raise ValueError("a PEM block is not whole, or is of another kind")
    try:
        # The blocks are whole, so `ssl` passes over none.
        return trusted(pem)
    except ssl.SSLError as error:
        raise ValueError(f"there is no certificate, or a block does not parse: {error}") from error




def trusted(pem):
    """What `ssl` takes out of this text."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_verify_locations(cadata=pem)
    return context.get_ca_certs(binary_form=True)
