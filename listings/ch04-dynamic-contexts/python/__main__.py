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
import serve
from files import Source
from rejected import Rejected
from watch import watch


def arguments():
    """What the program is told."""
    parser = argparse.ArgumentParser(prog="python")
    roles = parser.add_subparsers(dest="role", required=True)
    server, client = roles.add_parser("serve"), roles.add_parser("call")
    for role in (server, client):
        role.add_argument("--certificate", required=True, type=Path)
        role.add_argument("--key", required=True, type=Path)
        role.add_argument("--roots", required=True, type=Path)
        role.add_argument("--name", dest="names", action="append")
        role.add_argument("--poll-ms", type=int, default=1000)
        role.add_argument("--poll-only", action="store_true")
        role.add_argument("--hook", choices=["hot", "frozen"], default="hot")
        role.add_argument("--log", choices=event.FORMS, default="auto")
    roles.add_parser("check")
    roles.add_parser("visit")
    server.add_argument("--port", type=int, default=0)
    client.add_argument("--server", required=True)
    client.add_argument("--server-roots", type=Path)
    client.add_argument("--every-ms", type=int, default=20)
    client.add_argument("--until", type=int, default=0)
    told = parser.parse_args()
    if told.role in ("serve", "call"):
        told.names = told.names or ["localhost"]
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
    try:
        main()
    except (Rejected, OSError, EOFError) as why:
        sys.exit(f"error: {why}")
