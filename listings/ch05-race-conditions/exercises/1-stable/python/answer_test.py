"""What is wanted of `stable`. Each test is a check, and its text says what has to hold.

A writer is played by what it leaves behind at each look, so it is at work for as long as a check wants.
"""

from answer import LOOKS, Rejected, Seen, stable

NOTHING, CLOSED, TORN = None, "unreadable", "torn"


def read(*left):
    """Looks while a writer leaves this behind at each look: a content and its date, or no file. The last stays forever.

    Returns what the files are said to hold, or the word for the reason, and how often they were looked at.
    """
    looks = 0

    def look():
        nonlocal looks
        of_it = left[min(looks, len(left) - 1)]
        looks += 1
        assert looks <= LOOKS, (
            f"The files were looked at for the {looks}th time: at most {LOOKS} looks are wanted. A reader that looks until a writer "
            "rests may look forever, and everything else waits for it."
        )
        if of_it in (NOTHING, CLOSED, TORN):
            raise Rejected(of_it or "missing")
        text, modified = of_it
        return Seen(text.encode(), modified)

    try:
        seen = stable(look)
    except Rejected as rejected:
        return rejected.reason, looks
    assert isinstance(seen, Seen), f"`stable` returned {seen!r}, where it was to return what it has `Seen` or to raise `Rejected`."
    return seen.content.decode(), looks


def test_files_that_rest_are_read():
    """Files that rest are read."""
    said, looks = read(("chain 1002, key 1002", 60))
    assert said == "chain 1002, key 1002", (
        f"The files rest, and hold `chain 1002, key 1002`. The answer is `{said}` (looks: {looks})."
    )


def test_a_writer_at_work_is_waited_for():
    """A writer that is at work is waited for."""
    said, looks = read(("chain 10", 60), ("chain 1002, ke", 61), ("chain 1002, key 1002", 62))
    assert said == "chain 1002, key 1002", (
        f"A writer was at work during the first looks, and then done. The answer is `{said}` (looks: {looks}). One look cannot tell "
        "whether it came in the middle of a write, and a pause before it moves the moment and no more: a writer is as slow as its "
        "disk. What tells is whether two looks in a row agree."
    )


def test_looks_that_agree_follow_one_another():
    """Two looks that agree follow one another."""
    said, looks = read(
        ("chain 1001, key 1001", 60),
        ("chain 1002, key 1001", 61),
        ("chain 1001, key 1001", 60),
        ("chain 1002, key 1002", 63),
    )
    assert said == "chain 1002, key 1002", (
        "A writer put the old certificate back for a moment, with its date, so the third look saw what the first had seen, and "
        f"something else had been there in between. The answer is `{said}` (looks: {looks}). Files that rest look the same at two "
        "looks of which one follows the other."
    )


def test_bytes_are_compared_and_not_dates():
    """Two looks within one tick of the clock are told apart."""
    said, _ = read(("chain 1002", 60), ("chain 1002, ke", 60), ("chain 1002, key 1002", 60))
    assert said == "chain 1002, key 1002", (
        f"A writer wrote several times within one tick of the clock, so the date stayed as it was. The answer is `{said}`. Compare "
        "the bytes: dates miss what happens within one tick."
    )
    said, _ = read(("chain 1001, key 1001", 60), ("chain 1002, key 1001", 60), ("chain 1002, key 1002", 60))
    assert said == "chain 1002, key 1002", (
        "A writer replaced the certificate and then the key, both by one of the same length and within one tick of the clock. The answer is "
        f"`{said}`. Date and length together miss this as well: compare the bytes."
    )


def test_a_file_that_is_missing_for_a_moment_is_waited_for():
    """A file that is missing for a moment is waited for."""
    said, _ = read(("chain 1001, key 1001", 60), NOTHING, ("chain 1002, key 1002", 61))
    assert said == "chain 1002, key 1002", (
        f"A writer removed a file and made it anew, and at one look it was missing. The answer is `{said}`. One look that finds an "
        "error is no more to be believed than one that finds half a file: look again, and compare errors as well."
    )
    said, _ = read(NOTHING, CLOSED, ("chain 1002, key 1002", 61))
    assert said == "chain 1002, key 1002", (
        "At one look a file was missing, and at the next one it was there and could not be read yet: two errors, and not the same. The answer is "
        f"`{said}`. Between the two looks a writer did something, so look again: errors agree where they say the same."
    )
    said, _ = read(NOTHING, ("", 60), ("chain 1002, key 1002", 61))
    assert said == "chain 1002, key 1002", (
        f"At one look a file was missing, and at the next one it was there and empty: a writer has just made it. The answer is `{said}`. A look that finds an "
        "error and a look that finds nothing in the files do not agree, though neither has any content: compare the reasons as well."
    )
    for second, what in ((NOTHING, "a file was missing"), (TORN, "the files were torn")):
        said, looks = read(
            ("chain 1001, key 1001", 60),
            second,
            ("chain 1001, key 1001", 60),
            ("chain 1002, key 1002", 63),
        )
        assert said == "chain 1002, key 1002", (
            f"At the second look {what}, and the third saw what the first had seen. The answer is "
            f"`{said}` (looks: {looks}). A look that finds an error is a look as well: the first and the third do not follow one another, and in "
            "between a writer was at work."
        )


def test_files_that_stay_missing_are_an_error():
    """Files that stay missing are an error."""
    said, _ = read(NOTHING)
    assert said == "missing", (
        f"A file is missing at each look. Two looks agree on that, and the reason to tell is `missing`. The answer is `{said}`. Two "
        "exceptions are never equal in Python, also where they say the same: compare what they say."
    )
    any_other_exception_passes()


def any_other_exception_passes():
    """A program that is wrong is told as such, rather than as a fault of the files."""
    raised = None

    def look():
        raise ZeroDivisionError("a line of the program that is wrong")

    try:
        stable(look)
    except Exception as error:
        raised = error
    assert isinstance(raised, ZeroDivisionError), (
        "A look raised `ZeroDivisionError`: a line of the program is wrong, and the files are not. "
        f"What came out of `stable` is {f'`{raised!r}`' if raised else 'no exception at all'}. What an operator is told then leads to the files. Catch "
        "`Rejected`, and let any other exception pass."
    )


def test_a_writer_that_does_not_rest_has_nothing_published():
    """A writer that does not rest has nothing published."""
    said, looks = read(
        ("chain 1002", 60),
        ("chain 1002, ", 61),
        ("chain 1002, k", 62),
        ("chain 1002, ke", 63),
        ("chain 1002, key", 64),
        ("chain 1002, key 1002", 65),
    )
    assert said == "torn", (
        f"A writer was at work during each of {looks} looks, and the answer is `{said}`. Half a file is not whole because the tries "
        "are used up. The reason is `torn`, the server goes on with what it has, and the next tick looks again."
    )
    said, _ = read(
        ("chain 1001, key 1001", 60),
        ("chain 10", 61),
        ("chain 1002", 62),
        ("chain 1002, key", 63),
        NOTHING,
    )
    assert said == "torn", (
        f"A writer was at work during each look, and at the last one a file was missing. The answer is `{said}`. One look has found that, "
        "and no other agrees with it: what all looks together say is `torn`."
    )
    one, other = ("chain 1001, key 1001", 60), ("chain 1002, key 1001", 61)
    said, _ = read(one, other, one, other, one)
    assert said == "torn", (
        f"Two writers were at work, and at each look the files were those of the other one. The answer is `{said}`, though no two looks in a row have "
        "agreed. What was seen most often is no sign of rest, nor is what was seen at every other look."
    )
