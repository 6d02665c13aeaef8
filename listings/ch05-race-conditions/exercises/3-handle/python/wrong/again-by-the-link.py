"""One directory handle."""


def look(kernel, directory):
    """Reads `tls.crt` and `tls.key`, both of one generation."""
    try:
        # The one time that the kubelet's link is followed.
        opened = kernel.open(directory / "..data")
    except FileNotFoundError:
        opened = kernel.open(directory)
    certificate = kernel.read_at(opened, "tls.crt")
    try:
        return certificate, kernel.read_at(opened, "tls.key")
    except OSError:
        return certificate, kernel.read_at(kernel.open(directory / "..data"), "tls.key")
