"""What is wanted of `Poll`. Each test is a check, and its text says what has to hold."""

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

from answer import Poll


@contextmanager
def bench():
    """Two files with a content each, and a poll that has looked at them."""
    with tempfile.TemporaryDirectory() as directory:
        certificate, key = Path(directory, "tls.crt"), Path(directory, "tls.key")
        certificate.write_text("certificate 1001")
        key.write_text("key 1001")
        try:
            poll = Poll([certificate, key])
        except OSError as error:
            raise AssertionError(f"Both files are there, and `Poll` raised: {error}.") from error
        yield SimpleNamespace(certificate=certificate, key=key, poll=poll)


def changed(one):
    """What the poll says, while both files are there."""
    try:
        return one.poll.changed()
    except OSError as error:
        raise AssertionError(f"Both files are there, and `changed` raised: {error}.") from error


def write(file, content, date):
    """Writes this content, and gives the file this date, in ns."""
    file.write_text(content)
    os.utime(file, ns=(date, date))


MINUTE = 60 * 10**9


def test_a_change_is_told_once():
    """A change is told once."""
    with bench() as one:
        assert not changed(one), (
            "Nothing was written, and the first `changed` is true. What is remembered has to be equal to what the same files give again: two hashes are where "
            "their `digest()` is, and two objects of `hashlib`, or two generators, never are."
        )
        write(one.certificate, "certificate 1002", one.certificate.stat().st_mtime_ns + MINUTE)
        assert changed(one), "The certificate was replaced, and `changed` is false."
        assert not changed(one), (
            "The certificate was replaced once, and `changed` is true a second time. After each look, remember what was seen."
        )


def test_an_older_file_is_a_change():
    """A file that is older than the one before is a change, as `mv`, `tar` and a backup bring it."""
    with bench() as one:
        write(one.certificate, "certificate 1000", 0)
        assert changed(one), (
            "An older file was put back, with its date of long ago, and `changed` is false: newer than is not different from."
        )


def test_a_new_date_alone_is_no_change():
    """A new date alone is no change."""
    with bench() as one:
        later = one.certificate.stat().st_mtime_ns + MINUTE
        os.utime(one.certificate, ns=(later, later))
        assert not changed(one), (
            "The certificate was touched: its date is new, and its content the same as before. `changed` is true. A generation that "
            "differs in nothing throws away the sessions of the one before."
        )


def test_a_rewrite_within_one_tick_is_a_change():
    """Two writes within one tick of the clock leave the same date, and are a change."""
    with bench() as one:
        write(one.certificate, "certificate 1002", one.certificate.stat().st_mtime_ns)
        assert changed(one), (
            "The certificate was replaced within the tick of the clock in which it was first written. Date and length are those of "
            "before, and the content is not; `changed` is false."
        )


def test_each_file_counts():
    """Each of the files counts."""
    with bench() as one:
        one.key.write_text("key 1002")
        assert changed(one), (
            "The key was replaced, a moment after its certificate had been, and `changed` is false. A torn pair is mended only if the "
            "second file is looked at as well."
        )
        one.certificate.write_text("certificate 1003")
        one.key.write_text("key 1003")
        assert changed(one) and not changed(one), (
            "Certificate and key were replaced, and then nothing. `changed` has to be true once, and was not: a look that stops at the "
            "first difference finds the second one at the next look. Read all files, and compare then."
        )
        long = b"x" * 100_000
        for what, before, after in (
            ("Certificate and key have changed places", (b"one", b"two"), (b"two", b"one")),
            ("What was the end of the certificate is now the beginning of the key", (b"one", b"two"), (b"on", b"etwo")),
            ("Two bytes of the certificate have changed places", (b"1029", b"two"), (b"1092", b"two")),
            ("One byte of a file that is no text is another one", (b"\xff", b"two"), (b"\xfe", b"two")),
            ("The certificate was truncated, and is empty", (b"one", b"two"), (b"", b"two")),
            ("A line break was added to the end of the certificate", (b"one", b"two"), (b"one\n", b"two")),
            ("The line breaks of the certificate are those of another system", (b"one\none\n", b"two"), (b"one\r\none\r\n", b"two")),
            ("The last byte of a file of 100 kB is another one", (long, b"two"), (long[:-1] + b"y", b"two")),
            ("A byte in the middle of a file of 100 kB is another one", (long, b"two"), (long[:50_000] + b"y" + long[50_001:], b"two")),
        ):
            for held in (before, after):
                one.certificate.write_bytes(held[0])
                one.key.write_bytes(held[1])
                assert changed(one) or held is before, (
                    f"{what}, and `changed` is false. Compare each file with what that file held before: all bytes of it, and no other file's."
                )
    however_many_there_are()
    whatever_they_are_called()
    what_is_opened_is_closed()


def what_is_opened_is_closed():
    """A clock asks again and again, and a process may open so many files and no more."""
    if not os.path.isdir("/dev/fd"):
        return  # A system that does not tell.
    looks = 100
    for when in ("both files are there", "the key is missing"):
        with bench() as one:
            if when == "the key is missing":
                one.key.unlink()
            before = len(os.listdir("/dev/fd"))
            for _ in range(looks):
                try:
                    one.poll.changed()
                except OSError:
                    pass
            more = len(os.listdir("/dev/fd")) - before
            assert more < looks // 4, (
                f"`changed` was called {looks} times ({when}), and the process has {more} files more open. A function that opens a file closes it, on each way out: by "
                "`with`, or by `Path.read_bytes()`, which does both. A poll that leaves them open ends in `too many open files`, and then nothing reads the "
                "next renewal."
            )


def however_many_there_are():
    """One file, and four: a server has a list of trust anchors beside its pair, or one file for all."""
    for number in (1, 4):
        with tempfile.TemporaryDirectory() as directory:
            files = [Path(directory, f"{name}.pem") for name in range(number)]
            for file in files:
                file.write_text("before")
            try:
                poll = Poll(files)
                said = []
                for file in files:
                    file.write_text("after")
                    said.append(bool(poll.changed()))
            except (IndexError, TypeError, ValueError) as error:
                said = repr(error)
            assert said == [True] * number, (
                f"How many files there are, `Poll` is told. Here the number is {number}; one after the other was replaced, and what came of `changed` after each is {said}."
            )


def whatever_they_are_called():
    """Two secrets are two directories, and the files in both have the same names."""
    with tempfile.TemporaryDirectory() as directory:
        files = [Path(directory, of, "tls.crt") for of in ("server", "client")]
        for file in files:
            file.parent.mkdir()
            file.write_text("before")
        poll = Poll(files)
        for file in files:
            file.write_text("after")
            said = poll.changed()
            assert said, (
                f"Two directories have a file `tls.crt` each. That of `{file.parent.name}` was replaced, and `changed` is {said!r}. What two files held is remembered for both: "
                "a file is known by its whole path, or by its place in the list, and not by its name."
            )


def test_a_missing_file_is_an_error_and_forgets_nothing():
    """A missing file is an error, and what was remembered stays."""
    with bench() as one:
        one.key.unlink()
        try:
            said = one.poll.changed()
        except OSError:
            pass
        else:
            raise AssertionError(f"The key is missing, and `changed` returned {said}. What called it has to log the reason.")
        one.key.write_text("key 1001")
        assert not changed(one), (
            "The key was missing for a moment, and came back the same as before. `changed` is true: an error must not change what is "
            "remembered."
        )
        one.certificate.write_text("certificate 1002")
        one.key.unlink()
        try:
            one.poll.changed()
        except OSError:
            pass
        one.key.write_text("key 1001")
        assert changed(one), (
            "The certificate was replaced, and at that look the key was missing. Then the key came back the same as before, and `changed` is "
            "false: the new certificate was remembered at the look that failed, and the caller was not told of it. Remember all, or nothing."
        )
        one.key.unlink()
        one.key.mkdir()
        try:
            said = one.poll.changed()
        except OSError:
            pass
        else:
            raise AssertionError(
                f"A directory stands where the key belongs, so it is there and cannot be read, and `changed` returned {said}. A file that is missing is one of many "
                "that cannot be read: let the error go on, whichever it is."
            )
        one.key.rmdir()
        try:
            Poll([one.certificate, one.key])
        except OSError:
            pass
        else:
            raise AssertionError(
                "The key is missing, and `Poll` raised nothing. What it remembers is no look at the files: a server that begins so never says that "
                "it has no key."
            )
