"""It reads by path, and believes it where the link led to one place before and after."""


def look(kernel, directory):
    try:
        before = kernel.realpath(directory / "..data")
    except FileNotFoundError:
        return kernel.read(directory / "tls.crt"), kernel.read(directory / "tls.key")
    pair = kernel.read(directory / "tls.crt"), kernel.read(directory / "tls.key")
    if kernel.realpath(directory / "..data") != before:
        raise OSError("the generation was replaced during the look")
    return pair
