"""The texts of quizzes, exercises and slides, for a translator: mdBook's helpers see the pages alone.

`template POT` adds a message for each text to a template. `apply PO TREE` writes the files that hold texts into a copy of
the book, with the translations in place of the English. `pseudo PO` writes a translation of all of them with accents on
each vowel, by which CI sees that nothing is left out. Listings, logs and pictures are in no message: they stay single.
"""

import json
import pathlib
import re
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent

# Which keys of a file hold words for a person.
KEYS = {
    "quiz.toml": {"asks", "says", "because"},
    "exercise.toml": {"title", "skill", "task", "hints", "words"},
}

# A string, with the key before it or a comment that may look like one. Longest first.
STRINGS = re.compile(
    r'#[^\n]*|"""(?:[^\\]|\\.)*?"""|' + r"'''.*?'''" + r'|"(?:[^"\\\n]|\\.)*"|' + r"'[^'\n]*'" + r"|^\s*(\w+)\s*=|[{,]\s*(\w+)\s*=",
    re.DOTALL | re.MULTILINE,
)

# What a slide has beside prose, and the titles that each deck ends with.
NO_PROSE = re.compile(r"```|\{\{#|---$|\||<|#+ (?:Exercise|Question)$")

# The words of a check stand above its function.
CHECK = re.compile(r"((?:^///[^\n]*\n)+)(?=pub (?:async )?fn \w+\(\))", re.MULTILINE)


def of_toml(text, keys, change):
    """The text of a file, with each string of these keys changed."""
    key = None

    def each(found):
        nonlocal key
        literal = found.group(0)
        if found.group(1) or found.group(2):
            key = found.group(1) or found.group(2)
        elif not literal.startswith("#") and key in keys:
            said = tomllib.loads(f"x = {literal}")["x"]
            changed = change(said.strip())
            return literal if changed == said.strip() else json.dumps(changed, ensure_ascii=False)
        return literal

    return STRINGS.sub(each, text)


def of_checks(text, change):
    """The text of a file of checks, with the first paragraph above each check changed."""

    def each(found):
        lines = [line[3:].strip() for line in found.group(1).splitlines()]
        end = lines.index("") if "" in lines else len(lines)
        said = " ".join(lines[:end])
        rest = "".join(f"/// {line}".rstrip() + "\n" for line in lines[end:])
        changed = change(said)
        return found.group(1) if changed == said else f"/// {changed}\n{rest}"

    return CHECK.sub(each, text)


def of_slides(text, change):
    """The text of a deck, with each paragraph, list and title changed."""
    blocks, fenced = [], False
    for block in re.split(r"(\n{2,})", text):
        begins_in_a_fence = fenced
        fenced ^= block.count("```") % 2 == 1
        if begins_in_a_fence or not block.strip():
            blocks.append(block)
            continue
        before = re.match(r"(?:Notes:\n)?(?:#+ )?", block).group(0)
        said, end = block[len(before) :].rstrip("\n"), "\n" if block.endswith("\n") else ""
        is_prose = said and not NO_PROSE.match(block) and "{{#" not in said and said != "Notes:"
        blocks.append(before + change(said) + end if is_prose else block)
    return "".join(blocks)


def files(root):
    """Each file with texts, and how they are changed."""
    for name, keys in KEYS.items():
        for path in sorted(root.glob(f"listings/**/{name}")):
            yield path, lambda text, change, keys=keys: of_toml(text, keys, change)
    for path in sorted(root.glob("listings/*/exercises/*/test.rs")):
        yield path, of_checks
    for path in sorted(root.glob("src/slides/*.md")):
        yield path, of_slides


def messages(root):
    """Each text, with the places where it stands."""
    found = {}
    for path, through in files(root):
        place = path.relative_to(root).as_posix()

        def note(said, place=place):
            found.setdefault(said, []).append(place)
            return said

        through(path.read_text(encoding="utf-8"), note)
    return found


def catalogue(path):
    """A file of gettext as a dictionary. An empty translation is none."""
    texts, of = {}, None
    for line in path.read_text(encoding="utf-8").splitlines() + ["msgid "]:
        keyword, _, rest = line.partition(" ")
        if keyword == "msgid" and of:
            texts[of["msgid"]] = of.get("msgstr", "")
        if keyword in ("msgid", "msgstr"):
            of = {} if keyword == "msgid" else of
            of[keyword] = ""
        elif line.startswith('"'):
            keyword, rest = last, line
        else:
            continue
        last = keyword
        of[keyword] += json.loads(rest) if rest.startswith('"') else ""
    return texts


def entry(said, translated, places):
    """A message, as gettext has it."""
    places = "".join(f"#: {place}\n" for place in dict.fromkeys(places))
    return f"\n{places}msgid {json.dumps(said, ensure_ascii=False)}\nmsgstr {json.dumps(translated, ensure_ascii=False)}\n"


def pseudo(said):
    """With accents on the vowels of its prose. Code, targets of links, figures and tags stay."""
    parts = re.split(r"(`[^`]*`|\]\([^)]*\)|\{[^}]*\}|<[^>]*>|&\w+;)", said)
    accents = str.maketrans("aeiouAEIOU", "áéíóúÁÉÍÓÚ")
    return "".join(part if number % 2 else part.translate(accents) for number, part in enumerate(parts))


def apply(translations, tree):
    """Writes what is translated into the tree. What is not stays as it is."""
    for path, through in files(ROOT):
        text = through(path.read_text(encoding="utf-8"), lambda said: translations.get(said) or said)
        (tree / path.relative_to(ROOT)).write_text(text, encoding="utf-8")


def check(tree):
    """Whether each text of the tree is the pseudo-translation of the one in its place, and nothing else differs."""
    wanted = {}
    for said, places in messages(ROOT).items():
        wanted.setdefault(pseudo(said), []).extend(places)
    found = messages(tree)
    lacking = {said: places for said, places in wanted.items() if sorted(found.get(said, [])) != sorted(places)}
    assert not lacking, f"not translated: {dict(list(lacking.items())[:3])}"
    assert len(found) == len(wanted), "there is more in the translation than in the book"
    for path, through in files(ROOT):
        both = [through(at.read_text(encoding="utf-8"), lambda said: "") for at in (path, tree / path.relative_to(ROOT))]
        both = [re.sub(r"\s+", " ", text) for text in both]
        assert both[0] == both[1], f"{path}: more than its texts has changed"
    return len(wanted)


def main():
    command, first = sys.argv[1], pathlib.Path(sys.argv[2])
    if command == "template":
        known = catalogue(first)
        new = {said: places for said, places in messages(ROOT).items() if said not in known}
        with first.open("a", encoding="utf-8") as file:
            file.writelines(entry(said, "", places) for said, places in new.items())
        print(f"{len(new)} messages of quizzes, exercises and slides")
    elif command == "pseudo":
        with first.open("w", encoding="utf-8") as file:
            file.writelines(entry(said, pseudo(said), places) for said, places in messages(ROOT).items())
    elif command == "apply":
        apply(catalogue(first), pathlib.Path(sys.argv[3]))
    elif command == "check":
        print(f"{check(first)} texts are in the translation, each in its place")
    else:
        sys.exit(f"there is no command `{command}`")


main()
