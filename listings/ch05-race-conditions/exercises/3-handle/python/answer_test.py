"""What is wanted of `look`. Each test is a check, and its text says what has to hold.

The files are real. A kubelet lays them and renews them, step by step, before whichever call the check wants.
"""

import errno
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

from lab import plain

from answer import look


def of(generation):
    """What is in the files of a generation."""
    return f"certificate {generation}", f"key {generation}"


def write(directory, generation):
    """Both files of a generation, as plain files."""
    directory.mkdir(exist_ok=True)
    for name, text in zip(("tls.crt", "tls.key"), of(generation)):
        (directory / name).write_text(text)


def lay(directory):
    """Generation 1, as the kubelet lays it."""
    write(directory / "..1", 1)
    (directory / "..data").symlink_to("..1")
    for name in ("tls.crt", "tls.key"):
        (directory / name).symlink_to(f"..data/{name}")


def renewal(directory):
    """The steps that put generation 2 in its place."""
    return [
        lambda: write(directory / "..2", 2),
        lambda: (directory / "..data_tmp").symlink_to("..2"),
        lambda: (directory / "..data_tmp").rename(directory / "..data"),
        lambda: shutil.rmtree(directory / "..1"),
    ]


STEPS = 4

# Where the directory is, as an answer is told. The kernel of these checks knows it by this name alone, as it knows the files of another machine.
DIRECTORY = Path("/the directory of the check")


def generation_3(directory):
    """Lays generation 3 in the place of whichever is there."""
    before = (directory / "..data").resolve()
    write(directory / "..3", 3)
    (directory / "..data_3").symlink_to("..3")
    (directory / "..data_3").rename(directory / "..data")
    shutil.rmtree(before)


class Kernel:
    """What an answer asks. Before the call of this number, so many steps of the renewal are taken; before that of the number `again`
    comes another one.
    """

    def __init__(self, directory, before=None, steps=0):
        self.directory, self.before, self.steps = directory, before, steps
        self.again = None
        self.calls, self.opened = [], []
        self.fails = False

    def _call(self, name, path):
        number = len([call for call in self.calls if call != "(renewal)"])
        if self.again == number:
            self.calls.append("(renewal)")
            generation_3(self.directory)
        if self.before == number:
            self.calls.append("(renewal)")
            for step in renewal(self.directory)[: self.steps]:
                step()
            self.before = None
        assert len(self.calls) < 1000, (
            "A file is missing and stays so, and the look has made a thousand calls: it begins again at each error, forever. Let the error "
            "through: the caller looks again, at its next tick."
        )
        self.calls.append(f"{name}({os.path.relpath(path, DIRECTORY) if os.path.isabs(path) else path})")

    def _here(self, path):
        """Where a path leads on this machine."""
        path = Path(path)
        return self.directory / path.relative_to(DIRECTORY) if path.is_relative_to(DIRECTORY) else path

    def open(self, path):
        self._call("open", path)
        if self.fails:
            self.fails = False
            raise OSError(errno.EMFILE, "too many open files")
        opened = os.open(self._here(path), os.O_RDONLY | os.O_DIRECTORY)
        self.opened.append(opened)
        return opened

    def read_at(self, opened, name):
        self._call("read_at", name)
        with open(os.open(name, os.O_RDONLY, dir_fd=opened), encoding="utf-8") as file:
            return file.read()

    def read(self, path):
        self._call("read", path)
        return self._here(path).read_text(encoding="utf-8")

    def realpath(self, path):
        self._call("realpath", path)
        here = self._here(path).resolve(strict=True)
        # Of a path that leads elsewhere, there is no other name.
        return DIRECTORY / here.relative_to(self.directory) if here.is_relative_to(self.directory) else here


@contextmanager
def world(prepare, before=None, steps=0):
    """A kernel over a directory with generation 1."""
    with tempfile.TemporaryDirectory() as directory:
        directory = Path(directory).resolve()
        prepare(directory)
        kernel = Kernel(directory, before, steps)
        try:
            yield kernel
        finally:
            for opened in kernel.opened:
                os.close(opened)


def seen(kernel):
    """What a look returned as a pair, or the error of the kernel."""
    try:
        return tuple(plain(text) for text in look(kernel, DIRECTORY))
    except OSError as error:
        return error


def test_what_rests_is_read():
    """While nothing is renewed, both files are read."""
    with world(lay) as kernel:
        said = seen(kernel)
        assert said == of(1), (
            f"The kubelet has laid generation 1, and nothing is renewed. The look returned {said!r}, and called {', '.join(kernel.calls) or 'nothing of the kernel'}. "
            "The files are those of the kernel that `look` is given: ask it, and neither `open` nor `pathlib`."
        )
        for step in renewal(kernel.directory):
            step()
        said = seen(kernel)
        assert said == of(2), (
            f"The kubelet has laid generation 2 in the place of generation 1. The next look returned {said!r}."
        )


def test_a_renewal_between_two_calls_mixes_nothing():
    """A renewal between any two calls mixes no generations."""
    with world(lay) as kernel:
        seen(kernel)
        calls = len(kernel.calls)
    for before in range(calls + 1):
        for steps in range(1, STEPS + 1):
            with world(lay, before, steps) as kernel:
                said = seen(kernel)
                if isinstance(said, OSError):
                    continue  # The generation is gone. Another look finds the next one.
                assert said in (of(1), of(2)), (
                    f"The kubelet's renewal came between two calls of the look, which returned {said!r}. The calls were: "
                    f"{', '.join(kernel.calls)}. The rename is atomic, but the link `..data` was followed before it and after it. "
                    "Follow it once."
                )
    a_second_renewal_mixes_nothing_either(calls)


def a_second_renewal_mixes_nothing_either(calls):
    """As between two looks, and a look that begins anew may take as long."""
    for before in range(calls + 1):
        for again in range(before + 1, before + 7):
            with world(lay, before, STEPS) as kernel:
                kernel.again = again
                said = seen(kernel)
                assert isinstance(said, OSError) or said in (of(1), of(2), of(3)), (
                    "The kubelet's renewal came between two calls of the look, and a second renewal later on. The look returned "
                    f"{said!r}. The calls were: {', '.join(kernel.calls)}. What goes by a path follows `..data` each time, also as a way out of an error."
                )


def test_plain_files_are_read():
    """Plain files, without the kubelet's links, are read as well."""
    with world(lambda directory: write(directory, 1)) as kernel:
        said = seen(kernel)
        assert said == of(1), (
            f"The directory holds `tls.crt` and `tls.key` as plain files, and no `..data`. The look returned {said!r}. Its calls were: "
            f"{', '.join(kernel.calls)}. Where there is no `..data`, the directory itself is what has to be opened."
        )


def test_a_missing_file_is_an_error():
    """A file that is missing is an error."""
    for name in ("tls.crt", "tls.key"):
        with world(lambda directory: write(directory, 1)) as kernel:
            (kernel.directory / name).unlink()
            said = seen(kernel)
            assert isinstance(said, OSError), f"`{name}` is missing, and the look returned {said!r}."


def test_another_error_is_no_sign_of_plain_files():
    """An error of the kernel is no sign of plain files."""
    for before in range(4):
        with world(lay, before, STEPS) as kernel:
            kernel.fails = True
            said = seen(kernel)
            assert isinstance(said, OSError) or said in (of(1), of(2)), (
                f"The first `open` failed for want of a file descriptor, and a renewal came later on. The look returned {said!r}; its calls were: "
                f"{', '.join(kernel.calls)}. Only `FileNotFoundError` says that there is no `..data`. An answer that falls back to the directory above at any "
                "error reads through the link, twice."
            )
