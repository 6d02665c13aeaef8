"""What is wanted of `reload`. Each test is a check, and its text says what has to hold.

The checks hold up the first reload until the second one has ended or waits, so that the two meet in the same way each time.
"""

import asyncio

from lab import plain

from answer import Store

TURNS = 50  # Of the event loop: far more than an answer takes that waits for no clock.
PATIENCE = 5  # Seconds: how long a check waits for what a right answer brings at once, or soon where it asks by a clock.


class Files:
    """The files: the serial in them, and which serials have been read."""

    def __init__(self, serial):
        self.serial, self.were_read = serial, []

    async def read(self):
        self.were_read.append(self.serial)
        return self.serial

    def slowly(self, go_on):
        """Reads at once, and returns what it read when `go_on` is set."""

        async def read():
            serial = await self.read()
            await go_on.wait()
            return serial

        return read


async def turns():
    """Lets all tasks come as far as they can."""
    for _ in range(TURNS):
        await asyncio.sleep(0)


async def all_end(*tasks):
    """Whether all of these tasks end."""
    _, at_work = await asyncio.wait(tasks, timeout=PATIENCE)
    return not at_work


class Counted:
    """What is awaited, and how often it was woken up."""

    def __init__(self, awaited):
        self.awaited, self.woken = awaited, 0

    def __await__(self):
        steps = self.awaited.__await__()
        while True:
            self.woken += 1
            try:
                waits_for = steps.send(None)
            except StopIteration as end:
                return end.value
            yield waits_for

    async def run(self):
        return await self


def test_what_was_read_is_served():
    """What one reload reads is served, under the next number."""

    async def check():
        store, files = Store("1001"), Files("1002")
        await store.reload(files.read)
        files.serial = "1003"
        await store.reload(files.read)
        served = store.current
        assert (served.number, plain(served.serial)) == (3, "1003"), (
            f"After two reloads, 1003 is served as generation 3, and now it is {served.serial!r} as generation {served.number}. "
            "`read()` alone is a coroutine: what it returns comes when it is awaited."
        )

    asyncio.run(check())


def test_a_slow_reload_does_not_overtake_a_later_one():
    """A reload that was slow does not overtake a later one, and the later one is not dropped."""

    async def check():
        store, files, go_on = Store("1001"), Files("1002"), asyncio.Event()
        first = asyncio.create_task(store.reload(files.slowly(go_on)))
        await turns()
        if first.done():
            first.result()  # What the answer raised.
        assert not first.done() and files.were_read == ["1002"], (
            "`reload` has to await `read()`: it has published before it had read."
        )
        files.serial = "1003"
        counted = Counted(store.reload(files.read))
        second = asyncio.create_task(counted.run())
        await turns()
        woken = counted.woken
        early = second.done() and plain(store.current.serial) != "1003"
        go_on.set()
        assert await all_end(first, second), (
            "The first reload could go on, and the two have not ended: they wait for each other, or one looks every so often whether it is its turn, while older "
            "files are served. A lock wakes up the one whose turn it is."
        )
        assert not first.cancelled(), (
            "The second reload has cancelled the first. The first was slow and did nothing wrong, and its caller is ended with it: a task that is cancelled "
            "takes along the task that awaits it. The second has to wait for its turn, or to see to it that what the first has read is not published."
        )
        first.result(), second.result()
        assert woken <= TURNS // 5, (
            f"The first reload was reading, and in {TURNS} turns of the event loop the second one was woken {woken} times: it asks again and again whether "
            "it is its turn, and keeps a processor busy for as long as a file server hangs. A lock wakes up the one whose turn it is."
        )
        assert "1003" in files.were_read, (
            "The files have held 1003 since before the second reload began, and they were never read again. 1002 is served until "
            "something triggers again. A reload that finds another one running has to wait for its turn."
        )
        assert not early, (
            "The second reload returned while the first was still reading, and 1003 was not served yet: its caller believes that the files are served. It "
            "has left its work to the first, and whether that comes to it is not known. Wait until it is done."
        )
        served = plain(store.current.serial)
        assert served == "1003", (
            f"The files hold 1003, and {served} is served: the older files won. The first reload read 1002 and was slow; the second "
            "read 1003 and published it; then the first published what it had read."
        )

    async def rollback():
        store, files = Store("1002"), Files("1003")
        go_on = asyncio.Event(), asyncio.Event()
        first = asyncio.create_task(store.reload(files.slowly(go_on[0])))
        await turns()
        files.serial = "1001"
        second = asyncio.create_task(store.reload(files.slowly(go_on[1])))
        await turns()
        for each in go_on:
            each.set()
            await turns()
        assert await all_end(first, second), "Both reloads could go on, and have not ended: they wait for each other."
        first.result(), second.result()
        served = plain(store.current.serial)
        assert served == "1001", (
            f"The files held 1003, and hold 1001 again: a rollback. {served} is served. The second reload was slow as well, and ended last. What "
            "counts is which read began later. A serial does not say that, nor does the generation that was current before."
        )

    async def another_store():
        one, other, files = Store("1001"), Store("1001"), Files("1002")
        never = asyncio.create_task(one.reload(files.slowly(asyncio.Event())))
        await turns()
        reload = asyncio.create_task(other.reload(files.read))
        done = await all_end(reload)
        never.cancel()
        reload.cancel()
        assert done, (
            "A reload of one store was slow, and that of another store waits for it. The lock belongs to the object: what stands in the class, or "
            "outside of it, is one for all."
        )

    async def left_early():
        async def fails():
            raise OSError("the check's own")

        for how in ("failed", "was cancelled"):
            store, files = Store("1001"), Files("1002")
            first = asyncio.create_task(store.reload(fails if how == "failed" else files.slowly(asyncio.Event())))
            await turns()
            first.cancel()
            await turns()
            reload = asyncio.create_task(store.reload(files.read))
            done = await all_end(reload)
            reload.cancel()
            (ended,) = await asyncio.gather(first, return_exceptions=True)
            assert done, (
                f"A reload {how} while it read, and the next one waits for its turn forever: the lock is still held. `async with` releases it "
                "on each way out."
            )
            number = store.current.number
            assert number == 2, (
                f"A reload {how} while it read, and the next one served 1002, as generation {number}. Nothing was served in between, so this is generation 2: by a "
                "number that is left out, the log says that something was. Count up from what is served, when the files have been read."
            )
            assert how == "was cancelled" or isinstance(ended, Exception), (
                "The files could not be read, and `reload` returned as if they had been. Who called it has to learn of that: let what `read` "
                "raises go on."
            )

    async def left_early_while_another_waits():
        async def fails_late():
            await go_on.wait()
            raise OSError("the check's own")

        for how in ("failed", "was cancelled"):
            store, files, go_on = Store("1001"), Files("1003"), asyncio.Event()
            first = asyncio.create_task(store.reload(fails_late))
            await turns()
            second = asyncio.create_task(store.reload(files.read))
            await turns()
            if how == "failed":
                go_on.set()
            else:
                first.cancel()
            done = await all_end(first, second)
            second.cancel()
            ended = await asyncio.gather(first, second, return_exceptions=True)
            served = plain(store.current.serial)
            assert done and served == "1003" and ended[1] is None, (
                f"A second reload came while the first was reading, and then the first {how}. The second has to read as if the first had never been: it "
                f"{f'raised {ended[1]!r}' if ended[1] else 'returned'}, and {served} is served in place of 1003. What one reload leaves to another is lost with it."
            )

    async def one_that_has_begun_may_never_end():
        async def fails():
            raise OSError("the check's own")

        for how in ("failed", "was cancelled"):
            store, files, go_on = Store("1001"), Files("1002"), asyncio.Event()
            first = asyncio.create_task(store.reload(files.slowly(go_on)))
            await turns()
            second = asyncio.create_task(store.reload(fails if how == "failed" else files.slowly(asyncio.Event())))
            await turns()
            if how == "was cancelled":
                second.cancel()
                await turns()
            go_on.set()
            ended = await all_end(first, second)
            first.cancel()
            await asyncio.gather(first, second, return_exceptions=True)
            served = plain(store.current.serial)
            assert ended and served == "1002", (
                f"A second reload came while the first was reading, and {how}. Then the first had read 1002, and {'has thrown it away' if ended else 'has not ended'}: {served} is served, "
                "and nothing triggers again. That another reload has begun later does not say that it comes to its end. What was read is out of date when something newer is "
                "served, and not before."
            )

    async def waits_for_an_hour():
        store, files, go_on = Store("1001"), Files("1002"), asyncio.Event()
        first = asyncio.create_task(store.reload(files.slowly(go_on)))
        await turns()
        files.serial = "1003"
        second = asyncio.create_task(store.reload(files.read))
        await turns()
        # To the loop, an hour passes at once.
        loop = asyncio.get_running_loop()
        time = loop.time
        loop.time = lambda: time() + 3600
        await turns()
        go_on.set()
        assert await all_end(first, second), "The first reload could go on, and the two have not ended: they wait for each other."
        for each in (first, second):
            assert each.exception() is None, (
                f"A file server hung for an hour, and `reload` raised {each.exception()!r} meanwhile: it has set a limit for how long `read` may take, or how long "
                "a turn is waited for. `read` may be slow, and a limit is for the caller of `reload` to set: nothing triggers again for one that has given up."
            )
        served = plain(store.current.serial)
        assert served == "1003", (
            f"The first reload was slow, and stayed so for an hour. The files hold 1003 since the second one began, and {served} is served. A reload "
            "waits for its turn, however long that takes: nothing triggers again for one that has given up."
        )

    async def one_of_three_is_dropped_while_it_waits():
        store, files, go_on = Store("1001"), Files("1002"), asyncio.Event()
        first = asyncio.create_task(store.reload(files.slowly(go_on)))
        await turns()
        second = asyncio.create_task(store.reload(files.read))
        await turns()
        files.serial = "1003"
        third = asyncio.create_task(store.reload(files.read))
        await turns()
        second.cancel()
        await turns()
        go_on.set()
        ended = await all_end(first, third)
        served = plain(store.current.serial)
        third.cancel()
        await asyncio.gather(first, second, third, return_exceptions=True)
        assert ended and served == "1003", (
            f"The first of three reloads was reading, and the second was cancelled while it waited for its turn. The third "
            f"{'ended' if ended else 'waits forever'}, and {served} is served in place of 1003. A place in a queue has to be given back by the one "
            "that leaves the queue as well, and the next one still waits for the one in front: a lock does both."
        )

    async def three_are_as_good_as_two():
        store, files = Store("1001"), Files("1002")
        go_on, later_goes_on = asyncio.Event(), asyncio.Event()
        first = asyncio.create_task(store.reload(files.slowly(go_on)))
        await turns()
        files.serial = "1003"
        slow = [later_goes_on]

        async def read():
            """Whichever of the two reads first is slow, and the files change behind it."""
            serial = await files.read()
            if slow:
                files.serial = "1004"
                await slow.pop().wait()
            return serial

        others = [asyncio.create_task(store.reload(read)) for _ in range(2)]
        await turns()
        go_on.set()
        await turns()
        later_goes_on.set()
        assert await all_end(first, *others), "Three reloads ran at once, all of them could go on, and one of them has not ended."
        for each in (first, *others):
            each.result()
        served = plain(store.current.serial)
        assert served == files.were_read[-1], (
            f"Three reloads ran at once, and read {', '.join(files.were_read)} in this order. {served} is served. When the first had ended, the two "
            "that had waited for it went on together: one has to wait for the other, and to ask again whether it is its turn when it is woken."
        )

    async def two_that_meet_have_two_numbers():
        store, files, go_on = Store("1001"), Files("1002"), asyncio.Event()
        first = asyncio.create_task(store.reload(files.slowly(go_on)))
        await turns()
        files.serial, served = "1003", []

        async def read():
            served.append(store.current.number)
            return await files.read()

        second = asyncio.create_task(store.reload(read))
        await turns()
        go_on.set()
        assert await all_end(first, second), "The first reload could go on, and the two have not ended: they wait for each other."
        first.result(), second.result()
        now = store.current
        assert now.number == served[-1] + 1, (
            f"When the second reload read the files, generation {served[-1]} was served. Now it is {now.serial}, as generation {now.number}. Two reloads met, and "
            "each took its number before it had its turn, or published when it had let go of the lock: the log speaks of one generation, and clients hold two certificates. Count up from what is served at the "
            "moment of publishing."
        )

    asyncio.run(check())
    asyncio.run(rollback())
    asyncio.run(another_store())
    asyncio.run(left_early())
    asyncio.run(left_early_while_another_waits())
    asyncio.run(one_that_has_begun_may_never_end())
    asyncio.run(waits_for_an_hour())
    asyncio.run(one_of_three_is_dropped_while_it_waits())
    asyncio.run(three_are_as_good_as_two())
    asyncio.run(two_that_meet_have_two_numbers())
