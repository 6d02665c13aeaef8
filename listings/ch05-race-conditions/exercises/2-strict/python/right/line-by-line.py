"""Reads line by line, and gives the parser one block at a time."""

import ssl


def anchors(pem):
    found, block = [], None
    for line in pem.splitlines(keepends=True):
        text = line.rstrip("\r\n")
        if text == "-----BEGIN CERTIFICATE-----" and block is None:
            block = line
        elif text == "-----END CERTIFICATE-----" and block is not None:
            try:
                found += trusted(block + line)
            except ssl.SSLError as error:
                raise ValueError(str(error)) from error
            block = None
        elif "--BEGIN" in line or "--END" in line:
            raise ValueError("a line marks no block of a certificate")
        elif block is not None:
            block += line
        elif text == line and line.startswith("-"):
            raise ValueError("the last line is not whole")
    if block is not None or not found:
        raise ValueError("the last block is not whole")
    return found


def trusted(pem):
    """What `ssl` takes out of this text."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_verify_locations(cadata=pem)
    return context.get_ca_certs(binary_form=True)
