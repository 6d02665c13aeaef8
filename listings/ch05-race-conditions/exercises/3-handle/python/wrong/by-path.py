def look(kernel, directory):
    return kernel.read(directory / "tls.crt"), kernel.read(directory / "tls.key")
