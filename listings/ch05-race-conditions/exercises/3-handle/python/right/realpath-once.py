"""The link is resolved once, and the rest is asked of the path that it led to."""


def look(kernel, directory):
    try:
        directory = kernel.realpath(directory / "..data")
    except FileNotFoundError:
        pass
    return kernel.read(directory / "tls.crt"), kernel.read(directory / "tls.key")
