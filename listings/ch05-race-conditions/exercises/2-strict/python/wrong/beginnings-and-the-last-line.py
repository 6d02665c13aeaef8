"""A strict parser."""

import ssl

BEGIN, END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"


def anchors(pem):
    """Takes a block from each beginning. What has no beginning is text, and passed over."""
    before, *blocks = pem.split(BEGIN)
    last = pem.rpartition("\n")[2]
    if last.startswith("-") and last.strip() != END:
        raise ValueError("a writer is in the middle of the last line")
    if pem.count("--BEGIN") != len(blocks) or any(not text.endswith("\n") for text in [before or "\n", *blocks[:-1]]):
        raise ValueError("a block is of another kind, or does not begin a line")
    found = []
    for block in blocks:
        body, end, _ = block.partition(END)
        if not end:
            raise ValueError("a block has no end")
        try:
            found += trusted(BEGIN + body + END)
        except ssl.SSLError as error:
            raise ValueError(f"a block does not parse: {error}") from error
    if not found:
        raise ValueError("there is no certificate")
    return found


def trusted(pem):
    """What `ssl` takes out of this text."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_verify_locations(cadata=pem)
    return context.get_ca_certs(binary_form=True)
