import ssl


def anchors(pem):
    try:
        return trusted(pem)
    except ssl.SSLError as error:
        raise ValueError(str(error)) from error


def trusted(pem):
    """What `ssl` takes out of this text."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_verify_locations(cadata=pem)
    return context.get_ca_certs(binary_form=True)
