"""One directory handle."""


def look(kernel, directory):
    """Reads `tls.crt` and `tls.key`, both of one generation."""
    return (directory / "tls.crt").read_text(), (directory / "tls.key").read_text()
