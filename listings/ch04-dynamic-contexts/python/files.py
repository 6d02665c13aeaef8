"""Read files, each once, and see who else may."""

import errno
import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from rejected import Rejected

LARGEST = 1 << 20  # Bytes: 1 MiB, as large as a Kubernetes Secret can be.


@dataclass(frozen=True)
class Source:
    """Where an identity is read from, and the names it must be valid for. By `roots`, peers judge it; it
    judges peers by `peer_roots`, or by the same."""

    certificate: Path
    key: Path
    roots: Path
    names: tuple
    peer_roots: Path = None


@dataclass(frozen=True)
class File:
    """What a file held, and who may do what with it."""

    path: Path
    data: bytes
    mode: int
    group: int

    def exposes(self, groups):
        """Whether it is open to others than its owner and a group of ours. To be read by a group that
        this process is in is how a process without root gets a key at all."""
        return bool(self.mode & (0o007 | (0o020 if self.group in groups else 0o070)))

    def holds_key(self):
        """Whether a private key is in it, in whatever form a PEM block can have."""
        return b"PRIVATE KEY-----" in self.data


def look(source):
    """The chain, the key, the roots and the roots for peers, read. One file for two of them is read
    once. In the place of roots that cannot be read is why: a leaf can do without."""
    certificate = _file(source.certificate)
    try:
        key = certificate if source.key == source.certificate else _file(source.key)
    except Rejected as why:
        why.chain = certificate.data  # Another leaf there is another renewal that has failed.
        raise
    roots = _file_or_why(source.roots)
    return certificate, key, roots, _file_or_why(source.peer_roots) if source.peer_roots else roots


def digest(seen):
    """Tells whether a look has seen something else than another."""
    parts = (str(file).encode("utf-8", "replace") if isinstance(file, Rejected) else file.data for file in seen)
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).digest()


def exposed(files):
    """The files that other users can read and that hold a key, or are to hold one, and their modes: a key
    that is not there yet will have the mode of its file."""
    groups = {os.getegid(), *os.getgroups()}
    return {(file.path, f"{file.mode:04o}") for file in files if isinstance(file, File)
            and file.exposes(groups) and (file is files[1] or file.holds_key())}


def _file_or_why(path):
    try:
        return _file(path)
    except Rejected as why:
        return why


def _file(path):
    try:
        # Not blocking: to open a FIFO would wait for its writer, forever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            os.close(descriptor)
            raise Rejected("not_regular", path, "it is not a regular file")
        with open(descriptor, "rb") as opened:
            # It may grow while it is read: the limit holds for what is read.
            data = opened.read(LARGEST + 1)
        if data is None:  # Regular by its type, as some below /proc, and it has nothing to read yet.
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    except FileNotFoundError as why:
        raise Rejected("missing", path, why.strerror) from None
    except OSError as why:
        raise Rejected("unreadable", path, why.strerror) from None
    if len(data) > LARGEST:
        raise Rejected("too_large", path, f"more than {LARGEST} bytes")
    return File(path, data, stat.S_IMODE(about.st_mode), about.st_gid)
