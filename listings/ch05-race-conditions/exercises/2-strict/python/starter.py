"""A strict parser.

This is the starter. It can be imported, and its checks fail until `anchors` is written.
"""

import ssl


def anchors(pem):
    """The trust anchors in the text of a file: a list of all of them, each as DER. Raises `ValueError` where the file may hold an
    anchor that is not in the answer, or holds none.

    Text between blocks is allowed, as RFC 7468 has it, and comments are common. What is no whole block of a certificate, and
    looks like a part of one, is not.

    `trusted` is the parser: it returns the certificates that `ssl` finds, and raises `ssl.SSLError`, or `ValueError`, where a block
    does not parse. It passes over what it does not take for a block. This part is written.
    """
    raise NotImplementedError("this is the starter: write `anchors`")


def trusted(pem):
    """What `ssl` takes out of this text."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_verify_locations(cadata=pem)
    return context.get_ca_certs(binary_form=True)
