"""What is wanted of `Server`. Each test is a check, and its text says what has to hold.

Client and server are two ends in memory, and nothing waits for a clock: what cannot go on is seen at once. The command `openssl` issues
the certificates: Python's library cannot.
"""

import asyncio
import gc
import ssl
import weakref

from lab import leaf, root, serial

from answer import Server

TURNS = 200  # Of the event loop: far more than a handshake takes.


class Line:
    """What is between a server and one client, as each of the two ends has it."""

    def __init__(self):
        self.sent, self.came = asyncio.Queue(), asyncio.Queue()

    def send(self, some):
        if some:
            self.sent.put_nowait(some)

    async def receive(self):
        return await self.came.get()

    def other_end(self):
        other = Line()
        other.sent, other.came = self.came, self.sent
        return other


def context(number):
    """A server's context that shows the certificate with this serial."""
    shows = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shows.load_cert_chain(*leaf("Root A", number))
    return shows


async def visit(line):
    """A client's side of a handshake. Returns the serial that it is shown."""
    inward, outward = ssl.MemoryBIO(), ssl.MemoryBIO()
    trusts = ssl.create_default_context(cafile=root("Root A"))
    client = trusts.wrap_bio(inward, outward, server_hostname="localhost")
    while True:
        try:
            client.do_handshake()
        except ssl.SSLWantReadError:
            line.send(outward.read())
            inward.write(await line.receive())
        else:
            line.send(outward.read())
            return serial(client)


async def comes_as_far_as_it_can(*tasks):
    """Lets all tasks go on. Returns whether these have ended; what one has raised is a failure of the check."""
    for _ in range(TURNS):
        await asyncio.sleep(0)
    for task in tasks:
        if task.done():
            task.result()
    return all(task.done() for task in tasks)


async def shown(server):
    """The serial that a new client is shown, or `nothing` where it gets no answer."""
    line = Line()
    client, accepted = asyncio.create_task(visit(line.other_end())), asyncio.create_task(server.accept(line))
    await comes_as_far_as_it_can(accepted)
    return client.result() if client.done() else "nothing"


async def publish(server, number):
    """Publishes another context. Returns whether that has ended."""
    published = asyncio.create_task(server.publish(context(number)))
    return await comes_as_far_as_it_can(published)


async def what_becomes_of_a_handshake_is_said(server):
    """What `accept` returns is the connection; and where there is none, it raises."""
    line = Line()
    client, accepted = asyncio.create_task(visit(line.other_end())), asyncio.create_task(server.accept(line))
    await comes_as_far_as_it_can(client, accepted)
    connection = accepted.result() if accepted.done() else None
    assert isinstance(connection, ssl.SSLObject), (
        f"A client was served, and `accept` returned {connection!r}. What `handshake` returns is the connection: without it, the server cannot speak to "
        "this client."
    )
    line = Line()
    line.other_end().send(b"GET / HTTP/1.1\r\n\r\n")
    try:
        connection = await asyncio.create_task(server.accept(line))
    except Exception:  # Which one it is, the answer may choose.
        return
    raise AssertionError(
        f"A client came that does not speak TLS, so there was no handshake, and `accept` returned {connection!r} as if there had been one. Who "
        "calls `accept` decides what is done about that, and has to learn of it: let what `handshake` raises go on."
    )


async def what_was_published_is_in_its_place():
    """Nothing else has run when `publish` has returned and the next client is accepted."""
    server = Server(context("1001"))
    for number in ("1002", "1001", "1002"):
        await server.publish(context(number))
        line = Line()
        client = asyncio.create_task(visit(line.other_end()))
        await server.accept(line)
        first = await client
        # What never comes is not late, and other checks say so.
        if first != number and await shown(server) == number:
            raise AssertionError(
                f"`publish` had returned, and the client that came next was shown {first} in place of {number}. Something puts the context in its place "
                "some time later, and who called `publish` believes that it is there. An assignment takes no time: do it before you return."
            )


async def another_server_serves_its_own():
    """One process has several servers, with a certificate each."""
    server = Server(context("1001"))
    await publish(Server(context("1002")), "1003")
    first = await shown(server)
    assert first == "1001", (
        f"One server serves 1001. Another one was made in the same process, and a client of the first was shown {first}. What is current belongs to "
        "the object: what stands in the class, or outside of it, is one for all."
    )


async def what_was_replaced_is_let_go():
    """In each context there is a private key."""
    server, another = Server(context("1001")), context("1002")
    held = weakref.ref(another)
    await server.publish(another)
    del another
    # A server may keep the one before, too.
    for _ in range(5):
        await server.publish(context("1001"))
    gc.collect()
    assert held() is None, (
        "A context was published, and then five others in its place. No handshake is under way, and the server still holds the first of them, with its "
        "private key: it grows with each renewal. Keep what is current, and let go of what it replaces: a handshake in progress has a reference of its own."
    )


async def what_it_has_begun_ends_with_it(server):
    """The caller of `accept` has a limit of its own, and ends what it has called."""
    line = Line()
    accepted = asyncio.create_task(server.accept(line))
    await comes_as_far_as_it_can()
    accepted.cancel()
    await comes_as_far_as_it_can()
    line.other_end().send(b"late")
    await comes_as_far_as_it_can()
    assert not line.came.empty(), (
        "The one who called `accept` had a limit, and cancelled it. Then the silent client sent something, and the server has read it: its handshake goes on "
        "in a task of its own, which no caller can end. What `accept` has begun has to end with it, so that each limit is one: `asyncio.shield` keeps "
        "such an end away, and a plain `await` passes it on."
    )


async def silent(server):
    """A client that connects and says nothing."""
    accepted = asyncio.create_task(server.accept(Line()))
    await comes_as_far_as_it_can(accepted)
    return accepted


def test_a_new_client_is_shown_the_new_certificate():
    """After the swap, a new client is shown the new certificate."""

    async def check():
        server = Server(context("1001"))
        before = await shown(server)
        assert before == "1001", (
            f"Before the swap a client is shown 1001, and was shown {before}. `handshake(…)` alone is a coroutine: it does something when it is "
            "awaited."
        )
        await what_was_published_is_in_its_place()
        await publish(server, "1002")
        after = await shown(server)
        assert after == "1002", (
            f"1002 was published, and a new client is still shown {after}. Each `accept` has to ask what is current, and `self.current` is "
            "what `publish` has to change."
        )
        await publish(server, "1001")
        again = await shown(server)
        assert again == "1001", (
            f"1002 was published, and then 1001 again, as in a rollback. A new client was shown {again}. Each `publish` counts, and not the first "
            "alone."
        )
        await what_becomes_of_a_handshake_is_said(server)
        await another_server_serves_its_own()
        await what_was_replaced_is_let_go()

    asyncio.run(check())


def test_a_silent_client_does_not_hold_up_the_swap():
    """A client that connects and says nothing does not hold up the swap."""

    async def check():
        assert await publish(Server(context("1001")), "1002"), (
            "No client has come yet, and `publish` takes its time. What is served from now on is in its place at once: `publish` waits "
            "for nothing, neither before the swap nor after it."
        )
        server = Server(context("1001"))
        await silent(server)
        assert await publish(server, "1002"), (
            "`publish` waits for a client that says nothing, and will not go on before it speaks. Its handshake holds something that the swap "
            "needs. Take a reference to the context, let go of the rest, and only then wait for the client."
        )

    asyncio.run(check())


def test_a_silent_client_does_not_hold_up_other_clients():
    """Nor does it hold up other clients, before and after the swap."""

    async def check():
        server = Server(context("1001"))
        waiting = await silent(server)
        before = await shown(server)
        assert before == "1001", f"One client says nothing, and another one came. It was shown {before}, in place of 1001."
        await publish(server, "1002")
        assert not waiting.done(), (
            "A client was in the middle of its handshake when 1002 was published, and its `accept` has ended. That client did nothing wrong. `publish` is "
            "about those that come from now on: a handshake in progress goes on under the context that it has."
        )
        after = await shown(server)
        assert after == "1002", f"While one client says nothing, 1002 was published, and another client came. It was shown {after}."
        others = [asyncio.create_task(server.accept(Line())) for _ in range(2000)]
        await comes_as_far_as_it_can(*others)
        after = await shown(server)
        assert after == "1002", (
            f"Two thousand clients say nothing, and another client came. It was shown {after}. As many as are let in at once, so many silent clients "
            "hold up all others."
        )
        await what_it_has_begun_ends_with_it(server)
        # To the loop, a week passes at once.
        loop = asyncio.get_running_loop()
        time = loop.time
        loop.time = lambda: time() + 7 * 24 * 3600
        await comes_as_far_as_it_can()
        assert not any(task.done() for task in [waiting, *others]), (
            "A client had said nothing for a week, and `accept` gave up on it. Here, a client may take as long as it likes: a limit is for who "
            "calls `accept` to set."
        )

    asyncio.run(check())
