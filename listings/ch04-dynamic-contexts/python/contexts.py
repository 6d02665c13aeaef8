"""Whole contexts, swapped.

A `ssl.SSLContext` that is in use is never changed here. The next one is built beside it, validated,
and put in its place by one assignment. A server hands each hello over to the current one; a client
takes the current one for each new connection.
"""

import ssl
import threading
from dataclasses import dataclass

import files
import identity
import pem
from event import emit
from rejected import Rejected


# ANCHOR: reload
@dataclass(frozen=True)
class Generation:
    """One immutable snapshot: a number that only rises, and an identity with its context."""

    number: int
    identity: identity.Identity


def _tell(distrust):
    """Says why trust anchors are not those of their file."""
    for fault in distrust:
        emit("trust_rejected", reason=fault.reason, file=fault.file, detail=fault.detail)


class IdentityStore:
    """The current generation, and the one way to replace it."""

    def __init__(self, source, judge):
        """Loads the first generation. There is nothing to fall back to yet."""
        self.source = source
        self._judge = judge
        # One reload at a time: a slow one must not overtake a later one.
        self._reloading = threading.Lock()
        self._exposed, self.leaf = set(), None
        seen = self._look()
        first = judge(source, seen)
        _tell(first.distrust)
        self._publish(Generation(1, first))
        self._files_sha256 = files.digest(seen)

    def current(self):
        """The generation that a new connection is to live under. Each call returns one."""
        return self._current

    def reload(self):
        """Reads the files again. What is valid, and new, is served from now on. Says whether it is new."""
        with self._reloading:
            before, seen = self._current, self._look()
            # The files are small and a context is not: compare before building.
            files_sha256 = files.digest(seen)
            if files_sha256 == self._files_sha256:
                return False
            new = self._judge(self.source, seen, before.identity)
            _tell(new.distrust)
            # What was looked at is not looked at again, be it new or a comment that was added.
            self._files_sha256 = files_sha256
            # The whole set: other trust anchors are another generation, too.
            if new.set_sha256 == before.identity.set_sha256:
                return False
            self._publish(Generation(before.number + 1, new))
            return True
    # ANCHOR_END: reload

    # ANCHOR: publish
    def _look(self):
        """Reads the files. One that exposes a key is complained of once for each mode that it has: the
        key may have leaked already, so to refuse it would mend nothing. Its end is told as well."""
        try:
            seen = files.look(self.source)
        except Rejected as why:
            self.leaf = pem.leaf(why.chain) or self.leaf
            raise
        exposed = files.exposed(seen)
        for file, mode in sorted(exposed - self._exposed):
            emit("key_exposed", file=str(file), mode=mode)
        for file in sorted({file for file, _ in self._exposed} - {file for file, _ in exposed}):
            emit("fault_ended", fault="key_exposed", file=str(file))
        self._exposed = exposed
        self.leaf = pem.leaf(seen[0].data) or self.leaf  # The newest that was seen, valid or not.
        return seen

    def _publish(self, generation):
        self._current = generation  # One assignment: a reader sees the old one or the new one.
        loaded = generation.identity
        emit("identity_loaded", generation=generation.number, serial=loaded.serial,
             not_after=loaded.not_after, chain_sha256=loaded.chain_sha256)
# ANCHOR_END: publish


# ANCHOR: build
def server(source, seen, last=None):
    """A server's identity: a context that shows it, and asks clients for nothing."""

    def build(pair, _for_peers):
        context = identity.new_context(ssl.PROTOCOL_TLS_SERVER)
        identity.show(pair, context)
        return context

    return identity.judge(source, seen, build, identity.as_clients_do, last)


def client(source, seen, last=None):
    """A client's identity: a context that shows it, and trusts the roots for peers beside it. Those by
    which servers judge the client are no reason to trust a server."""

    def build(pair, for_peers):
        context = identity.new_context(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=for_peers)
        identity.show(pair, context)
        return context

    return identity.judge(source, seen, build, identity.as_servers_do, last)
# ANCHOR_END: build


# ANCHOR: hook
def hooked(store):
    """The context that accepts, as long as the process lives. It has no certificate: at each
    hello the connection goes over to the context of the current generation.

    A server that asks clients for certificates says so here (`verify_mode`); the trust anchors by
    which they are judged are those of the current generation."""
    front = identity.new_context(ssl.PROTOCOL_TLS_SERVER)

    def hand_over(connection, _name, _front):
        generation = store.current()
        connection.context = generation.identity.context
        connection.generation = generation.number  # The log wants to know.

    front.sni_callback = hand_over  # Called without a name, too.
    return front
# ANCHOR_END: hook
