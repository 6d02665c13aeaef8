"""Tries answers to exercises. Its arguments come in threes: an answer, its checks, and the file for what came of them.

Each check is a function that raises in words. It runs on a thread of its own, so one that does not end is told. A line of
JSON is written for each; the first line says that the answer could be imported.
"""

import importlib.util
import json
import os
import sys
import threading
import traceback

BOUND = 20  # Seconds for one check: a learner is not kept waiting for ever.

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
    return words, f"{frames[-1].filename}:{frames[-1].lineno}" if frames else None


def try_one(check, checks):
    """Words and place where the check does not hold; nothing where it does."""
    said = []

    def run():
        try:
            check()
        except BaseException as error:  # An answer may call `exit`.
            said.append(failure(error, checks))
        else:
            said.append((None, None))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(BOUND)
    return said[0] if said else (NEVER, None)


def try_all(answer, checks, outcomes):
    """Tries one answer."""
    # As a traceback names them.
    answer, checks = os.path.abspath(answer), os.path.abspath(checks)
    try:
        load("answer", answer)
        # They import what they need of the answer, which may not have it.
        found = list(vars(load("checks", checks)).items())
    except BaseException as error:  # The same.
        told = traceback.TracebackException.from_exception(error)
        of_answer = [frame for frame in told.stack if frame.filename == answer]
        told.stack = traceback.StackSummary.from_list(of_answer)
        print("".join(told.format()), file=sys.stderr, end="")
        return
    with open(outcomes, "a", encoding="utf-8") as file:
        print(json.dumps({"check": ""}), file=file, flush=True)
        for name, check in found:
            if name.startswith("test_"):
                words, at = try_one(check, checks)
                print(json.dumps({"check": name, "words": words, "at": at}), file=file, flush=True)


for first in range(1, len(sys.argv), 3):
    try_all(*sys.argv[first : first + 3])
