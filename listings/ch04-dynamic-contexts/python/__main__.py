"""The Python twin of chapter 4: the same command line, the same events, the same tests.

The idea is in contexts.py. This file starts the server or the client.
"""

import argparse
import sys
from pathlib import Path

import call
import check
import contexts
import event
import identity
import serve
from files import Source
from rejected import Rejected
from watch import watch


def files_and_form(role):
    """The options that the server and the client have in common."""
    option = role.add_argument
    option("--certificate", required=True, type=Path, help="the chain, leaf first, in PEM")
    option("--key", required=True, type=Path, help="the key, in PEM; may be the same file")
    option("--roots", required=True, type=Path, help="the trust anchors by which peers verify the chain, in PEM")
    names = "a name that the certificate must be valid for; can be given several times (default: localhost)"
    option("--name", dest="names", action="append", help=names)
    poll = "time between two looks at the files, in milliseconds (default: %(default)s)"
    option("--poll-ms", type=int, default=1000, help=poll)
    option("--poll-only", action="store_true", help="only poll, without the file system's events")
    hook = "hot: the context of the current generation; frozen: that of the first, forever (default: %(default)s)"
    option("--hook", choices=["hot", "frozen"], default="hot", help=hook)
    log = "how events are written: json, text, or auto: text if stderr is a terminal (default: %(default)s)"
    option("--log", choices=event.FORMS, default="auto", help=log)


def arguments():
    """What the program is told."""
    parser = argparse.ArgumentParser(prog="python", description="The Python twin of chapter 4.")
    roles = parser.add_subparsers(dest="role", required=True)
    server = roles.add_parser("serve", help="serve, and follow the files")
    client = roles.add_parser("call", help="call a server, and follow the files")
    roles.add_parser("check", help="for each set of files on stdin, a line of JSON each: would a server load it?")
    roles.add_parser("visit", help="for each set of files and port on stdin: does a client accept the server there?")
    for role in (server, client):
        files_and_form(role)
    option = server.add_argument
    option("--port", type=int, default=0, help="the port to listen on (default: 0, the system chooses)")
    option = client.add_argument
    option("--server", required=True, help="the server to call, HOST:PORT")
    option("--server-roots", type=Path, help="the trust anchors by which servers are verified, in PEM (default: --roots)")
    option("--every-ms", type=int, default=20, help="time from one call to the next, in milliseconds (default: 20)")
    option("--until", type=int, default=0, help="end after a call under this generation or a later one (default: 0, never)")
    told = parser.parse_args()
    if told.role in ("serve", "call"):
        told.names = told.names or ["localhost"]
        for name in told.names:
            if not identity.is_name(name):
                parser.error(f"--name {name!r}: no name of a host, and no IP address")
    if told.role in ("serve", "call") and told.poll_ms < 1:
        parser.error("--poll-ms: at least 1")
    return told


def main():
    """Serves or calls, or answers what it is asked on stdin."""
    told = arguments()
    if told.role in ("serve", "call"):
        told.names = told.names or ["localhost"]
    if told.role in ("check", "visit"):
        return check.answer({"check": check.check, "visit": check.visit}[told.role]("localhost"))
    event.choose(told.log)
    peer_roots = told.server_roots if told.role == "call" else None
    source = Source(told.certificate, told.key, told.roots, tuple(told.names), peer_roots)
    read = contexts.server if told.role == "serve" else contexts.client
    store = contexts.IdentityStore(source, read)
    if told.hook == "hot":
        watch(store, told.poll_ms, told.poll_only)
    if told.role == "serve":
        serve.serve(serve.listen(told.port), contexts.hooked(store))
    host, port = told.server.rsplit(":", 1)
    return call.call(store, (host, int(port)), told.every_ms, told.until)


if __name__ == "__main__":
    event.keep_standard()
    try:
        main()
    except (Rejected, OSError, EOFError) as why:
        event.LOG.flush()
        sys.exit(f"error: {why}")
