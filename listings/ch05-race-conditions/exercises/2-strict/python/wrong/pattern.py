import re
import ssl


def anchors(pem):
    blocks = re.findall("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", pem, re.DOTALL)
    if not blocks:
        raise ValueError("there is no certificate")
    try:
        return [found for block in blocks for found in trusted(block)]
    except ssl.SSLError as error:
        raise ValueError(str(error)) from error


def trusted(pem):
    """What `ssl` takes out of this text."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_verify_locations(cadata=pem)
    return context.get_ca_certs(binary_form=True)
