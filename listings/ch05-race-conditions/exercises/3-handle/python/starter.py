"""One directory handle.

This is the starter. It can be imported, and its checks fail until `look` is written.
"""


def look(kernel, directory):
    """Reads the certificate `tls.crt` and the key `tls.key` of a directory, and returns both: of one generation, whatever a
    writer does meanwhile.

    `directory` is a `pathlib.Path`. `kernel` is all that is asked: `open` and `pathlib` do not see these files. Between any two calls, a writer may have done anything. Each raises `OSError` as Python
    does, `FileNotFoundError` where something is missing:

    - `kernel.open(path)` opens a directory, and follows links on the way, the last part included. What it returns stays the
      same directory, whatever is renamed over its path. In Python: `os.open(path, os.O_DIRECTORY)`.
    - `kernel.read_at(opened, name)` reads a file by its name in an open directory. A link is followed, as it is at that
      moment. In Python: `os.open(name, os.O_RDONLY, dir_fd=opened)`.
    - `kernel.read(path)` reads a file by its path, and `kernel.realpath(path)` is the path without links to which a path
      leads. Links are followed, as they are at that moment.

    In a directory that the kubelet fills, both names are links to `..data/tls.crt` and `..data/tls.key`, and `..data` is a
    link to the directory of the generation. A renewal replaces `..data` by one rename, and removes the directory of the
    generation before. In other directories the two are plain files, and there is no `..data`.

    Where a file is missing, it raises what the kernel raised: the generation has been removed, perhaps, and the next look
    begins anew.
    """
    raise NotImplementedError("this is the starter: write `look`")
