"""Tries answers to exercises. Its arguments are the folder of what checks share, and then threes: an answer, its checks, and the file
for what came of them.

Each check is a function that raises in words. It runs on a thread of its own, so one that does not end is told. A line of
JSON is written for each; the first line says whether the answer could be imported.
"""

import importlib.util
import json
import os
import sys
import threading
import traceback

BOUND = 20  # Seconds for one check, and for the import: a learner is not kept waiting forever.
MEMORY = 4 << 30  # Bytes. What takes more is to end here, before it takes the machine.

NEVER = (
    f"It had not ended after {BOUND} s: something waits for what never comes. A lock that this thread holds already, perhaps, "
    "or a loop whose condition never changes."
)


def load(name, path):
    """Imports a file under this name, in place of what was imported under it before."""
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def failure(error, checks):
    """In words, why a check did not hold, and where."""
    frames = traceback.extract_tb(error.__traceback__)
    if isinstance(error, AssertionError) and str(error):
        words = str(error)
        frames = [frame for frame in frames if frame.filename == checks]
    else:
        words = "".join(traceback.format_exception_only(error)).strip()
    # Half of a surrogate pair is no text that JSON can carry.
    words = words.encode("utf-8", "backslashreplace").decode()
    return words, f"{frames[-1].filename}:{frames[-1].lineno}" if frames else None


def bounded(what):
    """What it returns, and what it raises. Nothing at all where it has not ended in time."""
    said = []

    def run():
        try:
            said.append((what(), None))
        except BaseException as error:  # An answer may call `exit`.
            said.append((None, error))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(BOUND)
    return said[0] if said else None


def imported(answer, checks):
    """The checks, which import what they need of the answer. Nothing where that was not possible: it has said why."""

    def both():
        load("answer", answer)
        return load("checks", checks)

    said = bounded(both)
    if said is None:
        print(f"{answer}: to import it had not ended after {BOUND} s. What stands outside of functions runs at the import.", file=sys.stderr)
        return None
    module, error = said
    if error is None:
        return module
    told = traceback.TracebackException.from_exception(error)
    of_answer = [frame for frame in told.stack if frame.filename == answer]
    told.stack = traceback.StackSummary.from_list(of_answer)
    print("".join(told.format()), file=sys.stderr, end="")
    return None


def note(what, file):
    """Writes what came of a check. Where that is not possible, the answer has closed what it did not open."""
    try:
        print(json.dumps(what), file=file, flush=True)
    except OSError as error:
        print(
            f"What came of a check cannot be written ({error.strerror}): your answer has closed a file that it did not open. `os.close` and "
            "`os.closerange` close what others in this process use. Close a file by its own `close()`, or open it with `with`.",
            file=sys.stderr,
            flush=True,
        )
        os._exit(1)


def high(file):
    """The same file, under a number that is no one's guess: small ones are closed by who closes all that it might have open."""
    try:
        import fcntl

        return open(fcntl.fcntl(file.fileno(), fcntl.F_DUPFD_CLOEXEC, 512), "a", encoding="utf-8")
    except (ImportError, OSError):
        return file  # A system without such numbers.


def try_all(answer, checks, file):
    """Tries one answer."""
    # As a traceback names them.
    answer, checks = os.path.abspath(answer), os.path.abspath(checks)
    module = imported(answer, checks)
    note({"check": "", "words": None if module else "refused"}, file)
    if module is None:
        return
    for name, check in list(vars(module).items()):
        if not name.startswith("test_"):
            continue
        said = bounded(check)
        if said is None:
            # Those behind it would wait as long, beside a thread that goes on.
            note({"check": name, "words": NEVER, "at": None}, file)
            return
        words, at = failure(said[1], checks) if said[1] else (None, None)
        note({"check": name, "words": words, "at": at}, file)


def main():
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    except (ImportError, OSError, ValueError):
        pass  # A system without such a limit.
    # A copy of this process would try the checks once more, and copy itself at each.
    os.register_at_fork(after_in_child=lambda: os._exit(1))
    lab, *words = sys.argv[1:]
    sys.path.append(lab)
    answers = [(words[at], words[at + 1], high(open(words[at + 2], "a", encoding="utf-8"))) for at in range(0, len(words), 3)]
    if sys.version_info < (3, 10):
        print(f"This is Python {sys.version.split()[0]}, and the checks need 3.10 or newer, found as `python3` on the PATH.", file=sys.stderr)
        for _, _, file in answers:
            note({"check": "", "words": "refused"}, file)
        return
    # An answer finds neither their names nor the files: what came of it is ours to say.
    for outcomes in words[2::3]:
        os.unlink(outcomes)
    del sys.argv[1:]
    for answer in answers:
        try_all(*answer)


main()
sys.stdout.flush()
sys.stderr.flush()
# A thread that an answer has left behind is not waited for.
os._exit(0)
