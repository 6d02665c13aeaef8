"""The identities that the tests use. tests/python.rs issues them; Python's library cannot."""

import os
import shutil
import ssl
import tempfile
from pathlib import Path

import identity
from bounded import Bounded
from files import Source

ISSUED = Path(os.environ["LAB_IDENTITIES"])


def path(name, file):
    """A file of an issued identity: `tls.crt`, `tls.key` or `ca.crt`."""
    return ISSUED / name / file


class Bench(Bounded):
    """A directory with an identity, and the means to write another over it."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="rotation-")
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)
        self.write("first")
        self.source = self.sources("localhost")

    def sources(self, *names):
        files = [self.directory / file for file in ("tls.crt", "tls.key", "ca.crt")]
        return Source(*files, names)

    def write(self, name, files=("tls.crt", "tls.key", "ca.crt")):
        """Copies files of an issued identity over those in the directory."""
        for file in files:
            shutil.copy(path(name, file), self.directory / file)

    def client(self, **settings):
        """The context of a client who trusts what the first identity's peers trust."""
        context = identity.new_context(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(path("first", "ca.crt"))
        for name, value in settings.items():
            setattr(context, name, value)
        return context

    def shown(self, server, client=None):
        """The serial that a client is shown."""
        end, _ = identity.handshake(server, client or self.client(), "localhost")
        return serial(end)


def serial(end):
    """The serial of the certificate that this end was shown."""
    return end.getpeercert()["serialNumber"].lower().lstrip("0")
