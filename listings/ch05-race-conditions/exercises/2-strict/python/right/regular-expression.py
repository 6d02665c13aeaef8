"""A strict parser."""

import re
import ssl


WHOLE = re.compile(r"^-----BEGIN CERTIFICATE-----[ \t]*\r?\n([A-Za-z0-9+/=\s]+?)^-----END CERTIFICATE-----[ \t]*(?:\r?\n|\Z)", re.M)


def anchors(pem):
    """Takes the whole blocks out, and objects to any mark in the rest."""
    rest = WHOLE.sub("", pem)
    if re.search(r"--(BEGIN|END)|^-+[^\n]*\Z", rest, re.M):
        raise ValueError("the rest of the file has a mark")
    found = []
    for block in WHOLE.finditer(pem):
        try:
            found += trusted(block.group())
        except ssl.SSLError as error:
            raise ValueError("a block does not parse") from error
    if not found:
        raise ValueError("there is no certificate")
    return found


def trusted(pem):
    """What `ssl` takes out of this text."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_verify_locations(cadata=pem)
    return context.get_ca_certs(binary_form=True)
