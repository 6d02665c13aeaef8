"""A strict parser."""

import re
import ssl

BLOCK = re.compile(r"^-----BEGIN CERTIFICATE-----\s*\n([A-Za-z0-9+/=\s]+)^-----END CERTIFICATE-----[ \t\r]*$\n?", re.M)


def anchors(pem):
    rest = BLOCK.sub("", pem)
    if "-----" in rest or rest.splitlines()[-1:] and rest.splitlines()[-1].startswith("-") and not rest.endswith("\n"):
        raise ValueError("a part of a block stands outside of one")
    found = []
    for block in BLOCK.finditer(pem):
        try:
            der = ssl.PEM_cert_to_DER_cert(block[0].strip())
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(cadata=der)
        except (ssl.SSLError, ValueError) as error:
            raise ValueError(f"does not parse: {error}") from error
        found.append(der)
    if not found:
        raise ValueError("there is none")
    return found
