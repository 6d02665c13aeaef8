def look(kernel, directory):
    certificate = kernel.realpath(directory / "tls.crt")
    key = kernel.realpath(directory / "tls.key")
    return kernel.read(certificate), kernel.read(key)
