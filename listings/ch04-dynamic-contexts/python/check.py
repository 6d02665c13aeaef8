"""Answer questions from stdin: one of JSON a line, and one line of JSON for each.

A question names `certificate`, `key` and `roots`, and for a client the `port` of a server on this host.
"""

import json
import socket
import ssl
import sys
import threading

import contexts
import files
import identity
import serve
import wire
from files import Source
from rejected import Rejected

BOUND = 30  # Seconds.
KNOWN = 32  # Clients that are remembered: one for each set of files.


def answer(reply):
    """Answers until stdin ends."""
    for line in sys.stdin:
        print(json.dumps(reply(json.loads(line))), flush=True)


def check(name):
    """Says of each set of files whether a server would load it. What it would is served, until the next
    is asked for."""
    front, current = identity.new_context(ssl.PROTOCOL_TLS_SERVER), [None]

    def hand_over(connection, _name, _front):
        if current[0] is None:
            return ssl.ALERT_DESCRIPTION_HANDSHAKE_FAILURE
        connection.context, connection.generation = current[0], 1
        return None

    front.sni_callback = hand_over
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=serve.serve, args=(listener, front), daemon=True).start()
    port = listener.getsockname()[1]

    def reply(question):
        source = Source(question["certificate"], question["key"], question["roots"], (name,))
        current[0], said = None, {"port": port, "exposed": False, "outcome": "loaded"}
        try:
            seen = files.look(source)
            said["exposed"] = bool(files.exposed(seen))
            current[0] = contexts.server(source, seen).context
        except Rejected as why:
            said.update(outcome=why.reason, file=why.file, detail=why.detail)
        return said

    return reply


def visit(name):
    """A client: makes a handshake with the port, asks for one byte, and says what went wrong. It trusts
    the roots of the question, and shows the pair where it is asked for one."""
    known = {}

    def context(*paths):
        if paths not in known:
            if len(known) == KNOWN:
                known.clear()
            known[paths] = identity.new_context(ssl.PROTOCOL_TLS_CLIENT)
            known[paths].load_cert_chain(paths[0], paths[1])
            known[paths].load_verify_locations(paths[2])
        return known[paths]

    def reply(question):
        try:
            client = context(*(question[file] for file in ("certificate", "key", "roots")))
            with socket.create_connection(("127.0.0.1", question["port"]), timeout=BOUND) as tcp:
                with client.wrap_socket(tcp, server_hostname=name) as stream:
                    stream.sendall((1).to_bytes(4, "big"))
                    if not wire.receive(stream, 1):
                        raise EOFError("the server said nothing")
        except (OSError, EOFError) as why:
            return {"failed": str(why)}
        return {}

    return reply
