"""What is wanted of `Ages`. Each test is a check, and its text says what has to hold."""

import gc
import random
import tracemalloc
from collections import Counter

from answer import Ages

HOUR = 3600
JITTER = 0.1  # A tenth of an hour is six minutes.
FIRST = 54 * 60
BITS = 2**64 - 1


def seed(number):
    """A number such as servers draw: the same in each run of these checks."""
    # splitmix64.
    drawn = number * 0x9E3779B97F4A7C15 & BITS
    drawn = (drawn ^ drawn >> 30) * 0xBF58476D1CE4E5B9 & BITS
    drawn = (drawn ^ drawn >> 27) * 0x94D049BB133111EB & BITS
    return drawn ^ drawn >> 31


def of_one_server():
    """Ages of the connections 1 to 1,000 of one server."""
    server = Ages(HOUR, JITTER, seed(1))
    return [server.of(connection) for connection in range(1, 1001)]


def crowd(ages):
    """How many of 1,000 clients come back in the busiest second, and in the emptiest of the six minutes."""
    seconds = Counter(int(age) for age in ages)
    minutes = Counter(max(0, min(int((age - FIRST) // 60), 5)) for age in ages)
    return max(seconds.values()), min(minutes[minute] for minute in range(6))


def test_none_is_older_than_the_limit():
    """No connection is older than the limit when it is asked."""
    oldest = max(of_one_server())
    assert oldest <= HOUR, (
        f"The limit is an hour, and a connection is {oldest:.0f} s old when it is asked to leave. Operators rely on the limit: with the grace "
        "period on top of it, nothing that was decided in a handshake lasts longer. Jitter shortens a life, and never lengthens it."
    )


def test_none_is_asked_earlier_than_the_jitter_allows():
    """None is asked earlier than the jitter allows."""
    youngest = min(of_one_server())
    assert youngest >= FIRST - 0.001, (
        "The jitter is a tenth of an hour, so that no connection is asked before it is 54 minutes old, and one is "
        f"{youngest / 60:.1f} minutes old."
    )


def test_clients_that_came_together_come_back_one_by_one():
    """Clients that came together do not come back together."""
    second, minute = crowd(of_one_server())
    # Spread at random, three come back in a second. 30 would be a wonder, and so would 80 in a minute in place of 167.
    assert second <= 30 and minute >= 80, (
        "A server was restarted, and 1,000 clients connected at once. Their connections have to go over six minutes, about three in each "
        f"second. In the busiest second {second} of them come back, and in the emptiest minute {minute}. Those that are asked together return "
        "together, and each needs a handshake. Each connection needs another share of the jitter, to the second and finer."
    )
    server = Ages(HOUR, JITTER, seed(1))
    second, minute = crowd([server.of(number * 1000) for number in range(1, 1001)])
    assert second <= 30 and minute >= 80, (
        "Clients connect all day, and 1,000 connections are open whose numbers are 1000, 2000 and so on. In the busiest second "
        f"{second} of them come back, and in the emptiest minute {minute}: a part of the number is left out, so that connections with the same rest share "
        "an age. The share follows from the whole number."
    )


def test_one_connection_has_the_same_answer_each_time():
    """One connection has the same answer each time."""
    server = Ages(HOUR, JITTER, 7)
    first, second = float(server.of(1)), float(server.of(1))
    assert first == second, (
        f"A connection was asked for its age twice, and the answers are {first:.1f} s and {second:.1f} s. A server compares at each tick of a "
        "clock: drawn anew each time, the earliest draw wins, and all leave at the beginning of the jitter."
    )
    first = float(server.of(1))
    for connection in range(2, 20_002):
        server.of(connection)
    again = float(server.of(1))
    assert first == again, (
        f"A connection was asked for its age. Then 20,000 others were, and then this one again: the answers are {first:.1f} s and {again:.1f} s. What was drawn "
        "was forgotten when there was too much to remember (`lru_cache` keeps 128, unless it is told otherwise), and drawn anew. An age that follows from "
        "the seed and the connection need not be remembered."
    )
    random.seed()
    before = random.getstate()
    server.of(1)
    assert random.getstate() == before, (
        "A connection was asked for its age, and after that the module `random` stands elsewhere than before. `random.seed` sets the one generator of this process: a function that draws a "
        "lot after each tick, a pause between retries perhaps, draws the same one each time. A generator of its own is `random.Random(…)`."
    )


def test_servers_that_started_together_differ():
    """Servers that were started together do not empty together."""
    second, minute = crowd([Ages(HOUR, JITTER, seed(number)).of(1) for number in range(1, 1001)])
    assert second <= 30 and minute >= 80, (
        "1,000 servers were started together, each with a seed of its own. The first connection of each has to go over six minutes; in the "
        f"busiest second {second} of them go, and in the emptiest minute {minute}. The number of a connection is the same on each server. The "
        "seed is what differs."
    )


def test_without_jitter_it_is_the_limit():
    """Without jitter, the limit holds for all alike."""
    for limit in (HOUR, HOUR / 2):
        age = float(Ages(limit, 0, 7).of(1))
        assert age == limit, (
            f"The jitter is 0 and the limit {limit:.0f} s, and a connection is {age:.0f} s old when it is asked. The limit is the `max_age` that "
            "`Ages` was given."
        )


def test_the_jitter_is_a_part_of_the_limit():
    """The jitter is a part of the limit, whatever both of them are."""
    for limit, jitter in ((HOUR / 6, 0.1), (HOUR * 24, 0.1), (HOUR, 0.5)):
        server = Ages(limit, jitter, 7)
        parts = [server.of(connection) / limit for connection in range(1, 1001)]
        earliest, latest = min(parts), max(parts)
        assert 1 - jitter - 1e-6 <= earliest <= 1 - jitter * 0.9 and latest > 1 - jitter * 0.1, (
            f"The limit is {limit:.0f} s and the jitter {jitter}, so 1,000 connections have to go when between {1 - jitter:.2f} and 1.00 of the limit is "
            f"over, and all of that time has to be used. The first goes after {earliest:.2f}, and the last after {latest:.2f}. The jitter is the part of "
            "`max_age` that `Ages` was given."
        )
    server = Ages(10, JITTER, 7)
    tenths = Counter(max(0, min(int((server.of(connection) - 9) * 10), 9)) for connection in range(1, 1001))
    busiest = max(tenths.values())
    # Spread at random, a hundred each.
    assert busiest <= 200, (
        "The limit is ten seconds and the jitter a tenth of it, so 1,000 connections have to go over one second, about a hundred in each tenth of it. In the "
        f"busiest tenth {busiest} of them go. An age that is rounded to seconds has no jitter where that is short: seconds have a fraction."
    )


def test_no_number_is_too_large():
    """Each number can be drawn, and each can be that of a connection."""
    for seed_of_it in (0, BITS):
        for connection in (0, BITS):
            age = Ages(HOUR, JITTER, seed_of_it).of(connection)
            assert FIRST - 0.001 <= age <= HOUR, (
                f"A server has drawn {seed_of_it} as its seed, and connection {connection} is {age:.0f} s old when it is asked. Numbers of Python have no "
                "end: a sum or a product of two has to be brought back into its range before it is a share."
            )
    of_a_connection_nothing_is_kept()


def of_a_connection_nothing_is_kept():
    """None of them is heard of again."""
    many = 50_000
    server = Ages(HOUR, JITTER, 7)
    tracemalloc.start()
    try:
        for connection in range(1, many + 1):
            server.of(connection)
        gc.collect()
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert grown < many * 10, (
        f"A server was asked for the ages of {many} connections, and took {grown} bytes more: something is remembered of each of them, and no call says when "
        "it may be forgotten. A function of the seed and the number has nothing to remember."
    )


def test_a_longer_jitter_spreads_them_further():
    """A longer jitter spreads them further."""
    server = Ages(24 * HOUR, 0.5, 7)
    seconds = {int(server.of(connection)) for connection in range(1, 1001)}
    # Spread at random, about 990.
    assert len(seconds) >= 950, (
        "The limit is a day and the jitter a half of it, so 1,000 connections go over 43,200 s, nearly each of them in a second of its own. "
        f"They go in {len(seconds)} different seconds. A share that is one of a hundred, or of a thousand, makes as many crowds, however "
        "long the jitter is."
    )
