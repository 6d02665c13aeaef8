import ssl


def anchors(pem):
    begun, ended = (pem.count(f"-----{mark} CERTIFICATE-----") for mark in ("BEGIN", "END"))
    if begun != ended or not begun:
        raise ValueError("a certificate begins, and is not whole")
    try:
        return trusted(pem)
    except ssl.SSLError as error:
        raise ValueError(str(error)) from error


def trusted(pem):
    """What `ssl` takes out of this text."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_verify_locations(cadata=pem)
    return context.get_ca_certs(binary_form=True)
