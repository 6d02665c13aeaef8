"""What building a context costs in Python, against one handshake. benches/context.rs runs it."""

import ssl
import statistics
import sys
import time
from pathlib import Path

import contexts
import identity
from files import Source, look

TURNS, REPEATS = 21, 5


def main(certificate, key, roots, system_roots):
    """Prints the first as a time, and the others as multiples of it."""
    source = Source(Path(certificate), Path(key), Path(roots), ("localhost",))
    store = contexts.IdentityStore(source, contexts.client)
    server = contexts.server(source, look(source)).context
    client = store.current().identity.context

    def one_root():
        context = ssl.create_default_context(cafile=roots)
        context.load_cert_chain(certificate, key)

    def all_roots():
        context = ssl.create_default_context(cafile=system_roots)
        context.load_cert_chain(certificate, key)

    things = {
        "full handshake, both ends": lambda: identity.handshake(server, client, "localhost"),
        "build a client's context, one root": one_root,
        "read the files, build and validate": lambda: contexts.client(source, look(source)),
        "look at files that have not changed": store.reload,
    }
    if Path(system_roots).is_file():
        things["build a client's context, system roots"] = all_roots
    turns = {name: [] for name in things}
    for turn in range(TURNS + 1):
        for name, thing in things.items():
            started = time.perf_counter()
            for _ in range(REPEATS):
                thing()
            if turn:  # The first turn warms up.
                turns[name].append((time.perf_counter() - started) / REPEATS)
    base = next(iter(turns.values()))
    for name, times in turns.items():
        ratio = statistics.median(time / first for time, first in zip(times, base))
        print(f"  {name}: {statistics.median(times) * 1e6:.0f} µs, {ratio:.2f} handshakes")


if __name__ == "__main__":
    main(*sys.argv[1:])
