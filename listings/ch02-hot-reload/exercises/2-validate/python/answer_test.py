"""What is wanted of `reload`. Each test is a check, and its text says what has to hold."""

import threading

from answer import Generation, Rejected, Store, reload


def shown(store):
    """What a client is shown at this moment."""
    return store.current.pair if store.current else "nothing"


def begin():
    """A store that serves 1001."""
    return Store(Generation(1, "1001"))


def refuse(pair):
    """As a client does."""
    raise Rejected(f"{pair} is valid from tomorrow")


def test_what_is_valid_is_served_as_the_next_generation():
    """A valid pair is served, as the next generation."""
    store = begin()
    try:
        number = reload(store, lambda: "1002", lambda pair: None)
    except Rejected as error:
        raise AssertionError(
            f"The files hold 1002, which is valid, and `reload` raised: {error}. `validate` raises where a pair is not valid; what it returns "
            "says nothing."
        ) from error
    assert shown(store) == "1002", f"The files hold 1002, which is valid, and clients are shown {shown(store)}."
    assert number == store.current.number == 2, (
        f"The second generation has the number 2. `reload` returned {number!r}, and {store.current.number!r} is served."
    )
    number = reload(store, lambda: "1003", lambda pair: None)
    assert number == store.current.number == 3, (
        f"The third generation has the number 3. `reload` returned {number!r}, and {store.current.number!r} is served."
    )
    number = reload(store, lambda: "1001", lambda pair: None)
    assert (number, shown(store)) == (4, "1001"), (
        f"1003 was served, and now the files hold 1001 again, as in a rollback. It is valid, and the fourth generation. `reload` returned {number!r}, and "
        f"clients are shown {shown(store)}. What is valid is served, be it newer or older: `validate` says which pairs are not, and a serial does not."
    )
    store = Store(None)
    try:
        said = f"returned {reload(store, lambda: '1004', lambda pair: None)!r}"
    except Exception as error:
        said = f"raised {error!r}"
    assert said == "returned 1" and store.current.number == 1, (
        f"A store that serves nothing yet holds `None`. The first valid pair is its generation 1, and `reload` {said}. Numbers count up from 1."
    )


def test_files_that_cannot_be_read_change_nothing():
    """Files that cannot be read change nothing, not even while they are read."""
    store, meanwhile = begin(), []

    def missing():
        meanwhile.append(shown(store))
        raise Rejected("tls.key: no such file")

    def validate(pair):
        raise AssertionError("Nothing could be read, and `validate` was called.")

    try:
        said = f"returned {reload(store, missing, validate)!r}"
    except Rejected as error:
        said = f"raised {error}"
    for when, what in (("while the files were read", meanwhile[0]), ("afterwards", shown(store))):
        assert what == "1001", (
            f"A file was missing, and {when} clients were shown {what} in place of 1001: without a pair, every handshake fails. The old pair "
            "stays where it is until the new one can take its place."
        )
    assert said.startswith("raised"), f"A file was missing, and `reload` {said}: its caller believes that the files are served."
    assert "tls.key: no such file" in said, (
        f"A file was missing, and `reload` {said}: the operator who asked needs the reason that `read` gave."
    )

    def not_there():
        raise FileNotFoundError("tls.key: no such file")

    for store in (begin(), Store(None)):
        before = shown(store)
        try:
            said = f"returned {reload(store, not_there, validate)!r}"
        except Exception as error:
            said = f"raised {error!r}"
        assert said.startswith("raised") and shown(store) == before, (
            f"`read` raised `FileNotFoundError`, as `open` does. `reload` {said}, and clients are shown {shown(store)}: who called it believes that the files "
            "are served. Whatever `read` raises ends the reload, and the caller learns of it."
        )


def test_what_is_not_validated_is_not_served():
    """While a pair is being validated, clients are shown the one before."""
    store, meanwhile = begin(), []

    def validate(pair):
        meanwhile.append(shown(store))
        refuse(pair)

    try:
        said = reload(store, lambda: "1002", validate)
    except Rejected as error:
        said = str(error)
    assert meanwhile == ["1001"], (
        f"While the files were being validated, clients were shown {meanwhile} in place of 1001, once. It is valid from tomorrow, so each of "
        "these clients refused it. To take it back afterwards is too late for them."
    )
    assert shown(store) == "1001", (
        f"1002 is valid from tomorrow, and clients are shown {shown(store)} in place of 1001. What stands in a `finally` is reached in each case."
    )
    assert "1002 is valid from tomorrow" in str(said), (
        f"1002 is valid from tomorrow, and what the caller got of `reload` is {said!r}: the operator who asked needs the reason."
    )
    store = begin()

    def breaks(pair):
        raise OSError("ca.crt: too many open files")

    try:
        said = f"returned {reload(store, lambda: '1002', breaks)!r}"
    except Exception as error:
        said = f"raised {error!r}"
    assert shown(store) == "1001" and said.startswith("raised"), (
        f"`validate` could not judge 1002, since it could not open the file of roots (`OSError`). `reload` {said}, and clients are shown {shown(store)} in place of 1001. What "
        "is not judged is not valid: whatever `validate` raises ends the reload."
    )
    store = Store(None)
    try:
        reload(store, lambda: "1002", refuse)
    except Rejected:
        pass
    assert store.current is None, (
        f"Nothing was served yet, the files hold a pair that is valid from tomorrow, and clients are shown {shown(store)}. A pair that clients "
        "refuse is no better than none, and the operator who started the server is not told."
    )
    what_was_validated_is_served()
    there_is_a_pair_at_each_moment()


def test_a_rejected_pair_uses_up_no_number():
    """A rejected pair uses up no number."""
    store = begin()
    try:
        reload(store, lambda: "1002", refuse)
    except Rejected:
        pass
    number = reload(store, lambda: "1003", lambda pair: None)
    assert number == 2, (
        f"A pair was rejected, and the one after it is the second that is served. It has the number 2, and `reload` returned {number!r}. A "
        "number that rises without a change makes the log lie."
    )
    nor_has_any_number_two_pairs()


def nor_has_any_number_two_pairs():
    """An operator reloads by hand while the watcher's reload is under way. One that waits for the other is as good."""
    store, numbers = begin(), []
    other = threading.Thread(target=lambda: numbers.append(reload(store, lambda: "1003", lambda pair: None)))

    def validate(pair):
        other.start()
        # Where it waits, it goes on when this one has ended.
        other.join(1)

    first = reload(store, lambda: "1002", validate)
    other.join(60)
    numbers.append(first)
    assert sorted(numbers) == [2, 3] and store.current.number == 3, (
        f"While one pair was being validated, another reload came. `reload` returned {first!r} for the first of the two and {numbers[0]!r} for the second, and "
        f"generation {store.current.number!r} is served: two pairs have one number, and the log does not say which of them a client holds. Take the number when "
        "the pair is valid, from what is served then."
    )


def what_was_validated_is_served():
    """The files hold another pair as soon as they were read."""
    store, reads = begin(), []

    def read():
        reads.append("1003" if reads else "1002")
        return reads[-1]

    reload(store, read, lambda pair: None)
    assert (shown(store), len(reads)) == ("1002", 1), (
        "The files held 1002, which is valid, and hold 1003 a moment later, which was never validated. "
        f"They were read {len(reads)} times, and clients are shown {shown(store)}. Read once: what was validated is what is served."
    )


class Watched(Store):
    """Remembers all that it served."""

    def __setattr__(self, name, value):
        super().__setattr__(name, value)
        if name == "current":
            self.__dict__.setdefault("served", []).append(shown(self))


def there_is_a_pair_at_each_moment():
    """One valid pair takes the place of another."""
    store = Watched(Generation(1, "1001"))
    reload(store, lambda: "1002", lambda pair: None)
    served = store.served
    assert set(served) == {"1001", "1002"}, (
        f"1001 was served, 1002 is valid, and what was served in turn is {', '.join(map(str, served))}. A client that comes in between finds "
        "nothing, and its handshake fails. Make the next generation whole, and put it in the place of the one before by one assignment."
    )
