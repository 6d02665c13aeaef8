"""What several checks in Python need: authorities, whose certificates the command `openssl` issues, and calls in memory.

Python's library issues no certificates.
"""

import functools
import os
import platform
import socket
import ssl
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

CONFIGURATION = """
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:TRUE
subjectKeyIdentifier = hash
[leaf]
basicConstraints = CA:FALSE
subjectAltName = DNS:localhost
[elsewhere]
basicConstraints = CA:FALSE
subjectAltName = DNS:other.example.com
"""

# It is removed when the interpreter ends.
HELD = tempfile.TemporaryDirectory(prefix="exercise-")
DIRECTORY = Path(HELD.name)
DIRECTORY.joinpath("openssl.cnf").write_text(CONFIGURATION)

TURNS = 50  # Of two ends in memory: a handshake takes four.


def root(name, number=1):
    """The file with the root of this authority. Two numbers are two authorities of one name."""
    return _root(name, number)


@functools.cache
def _root(name, number):
    # Cached by itself: a default that is left out and one that is given are two keys to a cache.
    stem = f"{name}-{number}".replace(" ", "-")
    openssl(*_certificate(stem, "authority", name))
    openssl(*_certificate(f"{stem}-between", "authority", f"{name}, intermediate"), *_by(stem))
    return str(DIRECTORY / f"{stem}.crt")


def leaf(name, serial, number=1):
    """The files with a chain for `localhost` (the leaf, and the intermediate) and with its key."""
    return _leaf(name, serial, number)


@functools.cache
def _leaf(name, serial, number):
    between = Path(root(name, number)).stem + "-between"
    stem = f"{between}-{serial}"
    openssl(*_certificate(stem, "leaf", "localhost"), *_by(between), "-set_serial", f"0x{serial}")
    chain = [DIRECTORY.joinpath(f"{one}.crt").read_text() for one in (stem, between)]
    DIRECTORY.joinpath(f"{stem}.chain").write_text("".join(chain))
    return str(DIRECTORY / f"{stem}.chain"), str(DIRECTORY / f"{stem}.key")


@functools.cache
def odd_leaf(name, serial, key=("ec", "-pkeyopt", "ec_paramgen_curve:P-256"), where="leaf", days="1"):
    """The same for a key of this kind, for `localhost` or `elsewhere`. By fewer than no days, it has ended."""
    between = Path(root(name)).stem + "-between"
    stem = f"{between}-{serial}"
    openssl("req", "-new", "-config", "openssl.cnf", "-subj", "/CN=odd", "-nodes", "-newkey", *key, "-keyout", f"{stem}.key", "-out", f"{stem}.csr")
    of_it = ("-extfile", "openssl.cnf", "-extensions", where, "-days", days, "-set_serial", f"0x{serial}")
    openssl("x509", "-req", "-in", f"{stem}.csr", "-out", f"{stem}.crt", *of_it, *_by(between))
    chain = [DIRECTORY.joinpath(f"{one}.crt").read_text() for one in (stem, between)]
    DIRECTORY.joinpath(f"{stem}.chain").write_text("".join(chain))
    return str(DIRECTORY / f"{stem}.chain"), str(DIRECTORY / f"{stem}.key")


def _certificate(stem, kind, subject):
    """The words for a certificate of this kind and its key. Without more, it signs itself."""
    files = ("-keyout", f"{stem}.key", "-out", f"{stem}.crt", "-days", "1", "-subj", f"/CN={subject}")
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    return ("req", "-x509", "-config", "openssl.cnf", "-extensions", kind, *curve, *files)


def _by(stem):
    """The words for what signs it."""
    return "-CA", f"{stem}.crt", "-CAkey", f"{stem}.key"


def openssl(*words):
    """Runs the command in `DIRECTORY`, where it writes keys for this user alone. Returns what it prints."""
    try:
        ran = subprocess.run(["openssl", *words], cwd=DIRECTORY, capture_output=True, text=True, umask=0o077, timeout=60, check=False)
    except FileNotFoundError as error:
        raise RuntimeError(
            "The command `openssl` (3.0 or newer) is not on the PATH. It issues the certificates of these checks, since Python's library cannot: "
            "install it, and try again. Your answer was not tried."
        ) from error
    if ran.returncode:
        raise RuntimeError(f"`openssl {words[0]}` failed, and your answer was not tried: {ran.stderr}")
    return ran.stdout


def call(server, client, session=None):
    """Both ends of a connection in memory, the client's first, when a byte has come from the server (and its tickets with it).

    Raises `ssl.SSLError`, of the end that objects first.
    """
    inward, outward = ssl.MemoryBIO(), ssl.MemoryBIO()
    near = client.wrap_bio(inward, outward, server_hostname="localhost", session=session)
    far = server.wrap_bio(outward, inward, server_side=True)
    waiting = [near, far]
    for _ in range(TURNS):
        for end in list(waiting):
            try:
                end.do_handshake()
                waiting.remove(end)
            except ssl.SSLWantReadError:
                pass
        if not waiting:
            break
    if waiting:
        raise ssl.SSLError("the handshake does not come to its end")
    far.write(b"!")
    near.read(1)
    # A session without a ticket is forgotten where its connection ends without a goodbye.
    for end in (near, far, near):
        try:
            end.unwrap()
        except ssl.SSLError:
            pass  # It has sent its own, and would wait for the other's.
    return near, far


def serial(end):
    """The serial number of the leaf that the other end has shown, in hex."""
    return end.getpeercert()["serialNumber"].lstrip("0")


def plain(text):
    """This text as Python's own, and what it looks like where it is none: what an answer returns may say of itself that it is equal to all there is."""
    return str.__str__(text) if isinstance(text, str) else repr(text)


@contextmanager
def host(name):
    """On a host of this name, as far as Python asks for one."""
    before = socket.gethostname, platform.node, os.uname
    uname = os.uname()
    told = os.uname_result((uname.sysname, name, *uname[2:]))
    socket.gethostname, platform.node, os.uname = (lambda: name), (lambda: name), (lambda: told)
    try:
        yield
    finally:
        socket.gethostname, platform.node, os.uname = before


# What a process of its own runs: this file's folder, the answer, the name of its machine, and what it is to do with both.
PROCESS = """
import sys
sys.path.append(sys.argv[1])
from lab import host
_, _, answer, machine, code = sys.argv
names = {"__name__": "answer", "machine": machine}
with host(machine), open(answer, "rb") as file:
    exec(compile(file.read(), answer, "exec"), names)
    exec(code, names)
"""


def each_process(answer, machines, code):
    """Runs the answer and then this code in a process for each of these machines, all at once. Returns the last line of each."""
    words = (sys.executable, "-I", "-B", "-c", PROCESS, str(Path(__file__).parent), answer)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, "text": True}
    started = [subprocess.Popen([*words, machine, code], **pipes) for machine in machines]
    said = []
    try:
        for machine, process in zip(machines, started):
            printed, errors = process.communicate(timeout=15)
            if process.returncode or not printed:
                raise AssertionError(f"A process of its own, for {machine}, ended with {process.returncode}: {errors[-500:]}")
            said.append(printed.splitlines()[-1])
    except subprocess.TimeoutExpired as error:
        raise AssertionError("A process of its own had not ended after 15 s.") from error
    finally:
        for process in started:
            process.kill()
            process.wait()
    return said
