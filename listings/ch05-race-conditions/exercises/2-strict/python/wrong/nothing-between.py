import ssl


def anchors(pem):
    inside = False
    for line in pem.splitlines():
        if line == "-----BEGIN CERTIFICATE-----":
            inside = True
        elif line == "-----END CERTIFICATE-----":
            inside = False
        elif not inside:
            raise ValueError(f"there is text outside of a block: {line}")
    if inside:
        raise ValueError("a block is not whole")
    try:
        return trusted(pem)
    except ssl.SSLError as error:
        raise ValueError(str(error)) from error


def trusted(pem):
    """What `ssl` takes out of this text."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_verify_locations(cadata=pem)
    return context.get_ca_certs(binary_form=True)
