"""One directory handle."""


def look(kernel, directory):
    """Reads `tls.crt` and `tls.key`, both of one generation."""
    try:
        # The one time that the kubelet's link is followed.
        opened = kernel.open(directory / "..data")
    except FileNotFoundError:
        opened = kernel.open(directory)
    try:
        return kernel.read_at(opened, "tls.crt"), kernel.read_at(opened, "tls.key")
    except FileNotFoundError:
        return kernel.read(directory / "tls.crt"), kernel.read(directory / "tls.key")
