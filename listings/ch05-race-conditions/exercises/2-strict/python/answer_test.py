"""What is wanted of `anchors`. Each test is a check, and its text says what has to hold.

The command `openssl` issues the roots: Python's library cannot.
"""

import functools
import ssl
from pathlib import Path

from lab import root

from answer import anchors

LINE = "-----BEGIN CERTIFICATE-----"


@functools.cache
def roots():
    """Two roots, in PEM. Each ends with a line break."""
    return [Path(root(name)).read_text().strip() + "\n" for name in ("Root A", "Root B")]


def found(pem):
    """How many anchors a file is said to hold, or the reason why it is rejected."""
    try:
        said = anchors(pem)
    except ValueError as error:  # `ssl.SSLError` is no `ValueError`, unless it is of the kind that is.
        return error
    except (LookupError, OSError) as error:
        raise AssertionError(
            f"`anchors` raised {error!r}, when the file was {pem[-40:]!r} at its end. What it promises is a `ValueError`: the caller catches that, and keeps "
            "the file of before. `ssl.SSLError` is an `OSError`, and an index into a text without lines is an `IndexError`."
        ) from error
    assert isinstance(said, list), f"`anchors` returned {said!r} in place of a list."
    whole = [ssl.PEM_cert_to_DER_cert(root) for root in roots()]
    strange = [one for one in said if one not in whole]
    assert not strange, "The list has something that is no anchor of the file."
    # `ssl` keeps a root once that a file has twice.
    return len(set(said))


def refused(pem):
    """Whether the file is rejected."""
    return not isinstance(found(pem), int)


def test_what_is_written_every_day_is_read():
    """What is written every day is read: comments between blocks, line ends of Windows, no line break at the end."""
    first, second = roots()
    for what, pem in {
        "two blocks": first + second,
        "line ends of Windows": (first + second).replace("\n", "\r\n"),
        "no line break at the end": (first + second).strip(),
        "comments between the blocks, one with dashes, `# --- the one before, until 2027 ---`, and one that begins with a dash, `- kept by ops`": f"# our root\n{first}\n# --- the one before, until 2027 ---\n- kept by ops\n{second}\n",
        "comments with the words of a mark, `# VENDOR ROOTS` and `# to be replaced by the END of 2027`": f"# VENDOR ROOTS\n{first}\n# to be replaced by the END of 2027\n{second}",
        "a comment behind the last block": first + second + "# the end of our roots\n",
        "the first root once more at the end": first + second + first,
    }.items():
        said = found(pem)
        assert said == 2, (
            f"A file with two anchors is whole ({what}), and the answer is {said!r} in place of 2. Text that does not look like a part of a "
            "block may stand between blocks, and behind them."
        )


def test_a_block_that_does_not_parse_is_not_passed_over():
    """A block that does not parse is not passed over."""
    first, second = roots()
    for what, block in {
        "has a character that is not base64": second.replace("MII", "!!!", 1),
        "holds a web page": f"{LINE}\nPGh0bWw+PC9odG1sPg==\n-----END CERTIFICATE-----\n",
    }.items():
        assert refused(first + block), (
            f"The second block {what}, and the answer is {found(first + block)}: an anchor fewer than the file was meant to hold. Its clients "
            "are turned away, and no log says why. What does not parse is a reason to keep the file of before."
        )


def test_a_cut_anywhere_in_the_second_block_is_found():
    """A file that a writer has not finished is not whole, wherever it is cut."""
    first, second = roots()
    end = second.index("-----END")
    for cut in [*range(1, len(LINE) + 2), 200, end, end + 1, end + 9, len(second) - 2]:
        pem = first + second[:cut]
        assert refused(pem), (
            f"A writer has come as far as `{pem.splitlines()[-1]}` in the second block, and the answer is {found(pem)}. To a parser, a line that "
            "is half a mark is text outside of blocks, which it passes over. Nothing that looks like a part of a block may stand outside of one."
        )
    a_block_without_its_first_line_is_found()


def a_block_without_its_first_line_is_found():
    """What an editor, or a download that began late, leaves of a block."""
    first, second = roots()

    def without(block, mark):
        return "".join(f"{line}\n" for line in block.splitlines() if mark not in line)

    for what, pem in {
        "The first line of the first block is gone": without(first, "-----BEGIN") + second,
        "The first line of the second block is gone": first + without(second, "-----BEGIN"),
        "The last line of the first block is gone": without(first, "-----END") + second,
        "The first byte of the file is gone": (first + second)[1:],
        "The first 100 bytes of the file are gone": (first + second)[100:],
    }.items():
        assert refused(pem), (
            f"{what}, and the answer is {found(pem)}: an anchor is lost. A block has two lines that mark it, and a file is cut at its beginning as "
            "well as at its end. Each mark needs the other one, and each pair of them an anchor."
        )


def test_files_that_were_joined_without_a_line_break_are_refused():
    """Two files that were joined without a line break are not one file."""
    first, second = roots()
    assert refused(first.strip() + second), (
        "`cat` has joined two files, the first of which had no line break at its end, so that one line reads `-----END "
        f"CERTIFICATE----------BEGIN CERTIFICATE-----`. The answer is {found(first.strip() + second)}, and the second anchor is lost."
    )


def test_a_block_of_another_kind_is_refused():
    """A block of another kind is not passed over."""
    first, second = roots()
    crl = "-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n"
    for place, pem in {"Behind": first + second + crl, "Between": first + crl + second}.items():
        assert refused(pem), (
            f"{place} its anchors the file holds a list of revoked certificates, and the answer is {found(pem)}. The operator who put it there believes "
            "that it revokes something."
        )
    for kind in ("TRUSTED CERTIFICATE", "PKCS7"):
        pem = first + second + f"-----BEGIN {kind}-----\nMAA=\n-----END {kind}-----\n"
        assert refused(pem), (
            f"Behind its anchors the file holds a block that begins with `-----BEGIN {kind}-----`, and the answer is {found(pem)}. Tools write "
            "anchors in such blocks too, and this one is lost. Refuse every kind but `CERTIFICATE`, rather than the kinds that you know."
        )


def test_a_file_without_an_anchor_is_rejected():
    """A file without an anchor is rejected."""
    for pem in ("", "# to be filled\n"):
        assert refused(pem), f"The file holds no anchor, and the answer is {found(pem)}: a server that takes it lets no client in."


def test_a_block_that_is_indented_is_not_passed_over():
    """A block that is indented is not passed over."""
    first, second = roots()
    said = found(first + "".join(f"  {line}\n" for line in second.splitlines()))
    assert not isinstance(said, int) or said == 2, (
        "The second block was copied out of a file in YAML, with two spaces before each line. The parser passes over it, and the answer is "
        f"{said}: an anchor is lost. Its marks do not stand at the beginning of a line, and are marks all the same."
    )
    for prefix in ("> ", "ca.crt:"):
        said = found(first + "".join(f"{prefix}{line}\n" for line in second.splitlines()))
        assert not isinstance(said, int) or said == 2, (
            f"The second block was copied out of a mail, or out of what `grep` printed: each of its lines begins with `{prefix}`. The parser passes over it, and the "
            f"answer is {said}: an anchor is lost. A mark can have anything before it, and not blanks alone."
        )
