"""A strict parser."""

import ssl


# ANCHOR: solution
def anchors(pem):
    """The trust anchors in the text of a file: a list of all of them, each as DER. Raises
    `ValueError` where the file may hold an anchor that is not in the answer, or holds none."""
    try:
        found = trusted(pem)
    except ssl.SSLError as error:
        raise ValueError(f"there is no certificate, or a block does not parse: {error}") from error
    # Each block has two lines that mark it. Any other line that looks like one is a block that
    # was not found.
    marks = pem.count("--BEGIN") + pem.count("--END")
    # What follows the last line break: a writer may be in the middle of it.
    last = pem.rpartition("\n")[2]
    is_cut = last.startswith("-") and "--BEGIN" not in last and "--END" not in last
    if marks != 2 * len(found) or is_cut:
        raise ValueError("a PEM block is not whole, or is of another kind")
    return found


# ANCHOR_END: solution


def trusted(pem):
    """What `ssl` takes out of this text."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_verify_locations(cadata=pem)
    return context.get_ca_certs(binary_form=True)
