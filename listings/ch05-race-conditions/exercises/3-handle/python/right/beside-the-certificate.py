"""One directory handle."""


def look(kernel, directory):
    """Where the certificate really lies, there lies its key."""
    certificate = kernel.realpath(directory / "tls.crt")
    key = certificate.with_name("tls.key")
    return kernel.read(certificate), kernel.read(key)
