def look(kernel, directory):
    opened = kernel.open(directory / "..data")
    return kernel.read_at(opened, "tls.crt"), kernel.read_at(opened, "tls.key")
