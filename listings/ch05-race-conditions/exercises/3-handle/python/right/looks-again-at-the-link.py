"""One directory handle."""


def look(kernel, directory):
    """Reads `tls.crt` and `tls.key`, both of one generation."""

    def generation():
        try:
            return kernel.realpath(directory / "..data")
        except FileNotFoundError:
            return directory

    for _ in range(3):
        before = generation()
        pair = kernel.read(directory / "tls.crt"), kernel.read(directory / "tls.key")
        if generation() == before:
            return pair
    raise OSError("renewed again and again")
