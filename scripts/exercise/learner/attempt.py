"""Tries answers to exercises. Its arguments are the folder of what checks share, and then threes: an answer, its checks, and the file
for what came of them.

Each check is a function that raises in words. It runs on a thread of its own, so one that does not end is told. A sealed line of
JSON is written for each; the first line says whether the answer could be imported.
"""

import ast
import importlib
import importlib.util
import json
import operator
import os
import sys
import threading
import traceback
import types

BOUND = 20  # Seconds for one check, and for the import: a learner is not kept waiting forever.
MEMORY = 4 << 30  # Bytes. What takes more is to end here, before it takes the machine.

NEVER = (
    f"It had not ended after {BOUND} s: something waits for what never comes. A lock that this thread holds already, perhaps, "
    "or a loop whose condition never changes."
)


REPLACED = (
    "Your answer puts something of its own in the place of {}. The checks and the library call that too, and would hear what your answer wants them to hear. "
    "Leave what is not yours as it is: call it, or write a function under a name of your own."
)

# What a program may set: it is there to be set.
HOOKS = ("excepthook", "unraisablehook", "displayhook", "breakpointhook", "showwarning", "formatwarning")


class Watched:
    """The functions and classes that are there before the answer is: what the checks stand on."""

    def __init__(self):
        self.modules, self.held = {}, {}

    def watch_new(self):
        """What was imported since."""
        for name, module in list(sys.modules.items()):
            if name not in self.modules:
                self.modules[name] = module
                self.watch(module)

    def watch(self, module, whole=False):
        """Remembers what this module and its classes hold. Where that is the `whole`, nothing can be added to it either."""
        if not isinstance(module, types.ModuleType):
            return
        named = getattr(module, "__name__", "")
        self.note(module, named, vars(module), whole)
        for name, value in list(vars(module).items()):
            # A class of C cannot be changed.
            if isinstance(value, type) and value not in self.held and value.__flags__ & 1 << 9:
                self.note(value, f"{value.__module__}.{name}", vars(value), False)

    def note(self, holder, named, names, whole):
        kinds = (type, types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.ModuleType, classmethod, staticmethod, property)
        kept = {name: value for name, value in list(names.items()) if isinstance(value, kinds) and name not in HOOKS}
        self.held[holder] = named, names.get, tuple(kept), tuple(kept.values()), set(names) if whole else None

    def put_back(self):
        """The names of what was replaced since. It is put back."""
        replaced = []
        for name, module in self.modules.items():
            # One that was removed is imported anew by whoever wants it.
            if sys.modules.get(name, module) is not module:
                sys.modules[name] = module
                replaced.append(name)
        for holder, (named, now, names, values, whole) in self.held.items():
            changed = []
            if any(map(operator.is_not, map(now, names), values)):
                changed = [(name, value) for name, value in zip(names, values) if now(name) is not value]
            for name, value in changed:
                setattr(holder, name, value)
            changed = [name for name, _ in changed]
            # What Python itself adds has such a name: `__warningregistry__`.
            added = [name for name in vars(holder) if name not in whole and not name.startswith("__")] if whole else []
            for name in added:
                delattr(holder, name)
            replaced.extend(f"{named}.{name}" for name in changed + added)
        return replaced


def imported_by(checks):
    """Imports what these checks import, but for the answer: an answer that comes first could put its own in the place of each."""
    with open(checks, "rb") as file:
        tree = ast.parse(file.read())
    for node in ast.walk(tree):
        names = [node.module] if isinstance(node, ast.ImportFrom) else []
        names += [name.name for name in node.names] if isinstance(node, ast.Import) else []
        for name in names:
            if name != "answer":
                importlib.import_module(name)


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


def imported(answer, checks, put_back):
    """The checks, which import what they need of the answer, and what the answer has replaced. No checks where that was not possible: it
    has said why.
    """
    said = bounded(lambda: load("answer", answer))
    replaced = put_back()
    if said and said[1] is None:
        said = bounded(lambda: load("checks", checks))
    if said is None:
        print(f"{answer}: to import it had not ended after {BOUND} s. What stands outside of functions runs at the import.", file=sys.stderr)
        return None, replaced
    module, error = said
    if error is None:
        return module, replaced
    told = traceback.TracebackException.from_exception(error)
    of_answer = [frame for frame in told.stack if frame.filename == answer]
    told.stack = traceback.StackSummary.from_list(of_answer)
    print("".join(told.format()), file=sys.stderr, end="")
    return None, replaced


def note(what, write):
    """Writes what came of a check. Where that is not possible, the answer has closed what it did not open."""
    try:
        write(json.dumps(what))
    except OSError as error:
        print(
            f"What came of a check cannot be written ({error.strerror}): your answer has closed a file that it did not open. `os.close` and "
            "`os.closerange` close what others in this process use. Close a file by its own `close()`, or open it with `with`.",
            file=sys.stderr,
            flush=True,
        )
        os._exit(1)


def siphash(said):
    """SipHash-1-3 with a key of zeros, which is what the runner's language has in its library."""
    mask = 2**64 - 1

    def turned(word, by):
        return (word << by | word >> 64 - by) & mask

    def rounds(number):
        nonlocal a, b, c, d
        for _ in range(number):
            a, c = (a + b) & mask, (c + d) & mask
            b, d, a = turned(b, 13) ^ a, turned(d, 16) ^ c, turned(a, 32)
            c, a = (c + b) & mask, (a + d) & mask
            b, d, c = turned(b, 17) ^ c, turned(d, 21) ^ a, turned(c, 32)

    a, b, c, d = 0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573
    whole = said + bytes(-(len(said) + 1) % 8) + bytes([len(said) % 256])
    for at in range(0, len(whole), 8):
        word = int.from_bytes(whole[at : at + 8], "little")
        d ^= word
        rounds(1)
        a ^= word
    c ^= 0xFF
    rounds(3)
    return a ^ b ^ c ^ d


def sealed(path):
    """What writes a line to this file, which holds the runner's seal in the beginning. Its name is removed, so that no answer finds it by that. One that finds
    the open file can write there, too: what it writes has no seal that the runner takes.
    """
    with open(path, "r+", encoding="utf-8") as file:
        seal = file.read()
        file.truncate(0)
    file, number, tell, sealing = high(open(path, "a", encoding="utf-8")), 0, print, siphash
    os.unlink(path)

    def write(line):
        """Each line begins with a hash of the seal, of its number and of what it says. The runner has the same: `scripts/exercise/src/seal.rs`."""
        nonlocal number
        said = b"\xff".join((seal.encode(), number.to_bytes(8, "little") + line.encode(), b""))
        tell(f"{sealing(said):016x} {line}", file=file, flush=True)
        number += 1

    return write


def high(file):
    """The same file, under a number that is no one's guess: small ones are closed by who closes all that it might have open."""
    try:
        import fcntl

        return open(fcntl.fcntl(file.fileno(), fcntl.F_DUPFD_CLOEXEC, 512), "a", encoding="utf-8")
    except (ImportError, OSError):
        return file  # A system without such numbers.


def try_all(watched, answer, checks, write):
    """Tries one answer."""
    # As a traceback names them.
    answer, checks = os.path.abspath(answer), os.path.abspath(checks)
    # Those of the answer before.
    for name in ("answer", "checks"):
        sys.modules.pop(name, None)
    imported_by(checks)
    watched.watch_new()
    of_the_library = dict(watched.held)
    module, replaced = imported(answer, checks, watched.put_back)
    note({"check": "", "words": None if module else "refused"}, write)
    if module is None:
        return
    watched.watch(module, whole=True)
    # Another answer has other checks.
    try:
        try_each(module, checks, replaced, watched, write)
    finally:
        watched.held = of_the_library


def try_each(module, checks, replaced, watched, write):
    """Tries each check, unless the answer has replaced something before them."""
    # What is called from here on is not looked up again.
    put_back, tell, bound = watched.put_back, note, bounded
    for name, check in list(vars(module).items()):
        if not name.startswith("test_"):
            continue
        said = (None, None) if replaced else bound(check)
        now = put_back()
        if said is None:
            # Those behind it would wait as long, beside a thread that goes on.
            tell({"check": name, "words": NEVER, "at": None}, write)
            return
        words, at = failure(said[1], checks) if said[1] else (None, None)
        if replaced or now:
            words, at = REPLACED.format(", ".join(f"`{one}`" for one in (replaced or now)[:3])), None
        tell({"check": name, "words": words, "at": at}, write)


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
    # An answer finds neither their names nor the files: what came of it is ours to say.
    answers = [(words[at], words[at + 1], sealed(words[at + 2])) for at in range(0, len(words), 3)]
    if sys.version_info < (3, 10):
        print(f"This is Python {sys.version.split()[0]}, and the checks need 3.10 or newer, found as `python3` on the PATH.", file=sys.stderr)
        for _, _, write in answers:
            note({"check": "", "words": "refused"}, write)
        return
    del sys.argv[1:]
    watched = Watched()
    for answer in answers:
        try_all(watched, *answer)


main()
sys.stdout.flush()
sys.stderr.flush()
# A thread that an answer has left behind is not waited for.
os._exit(0)
