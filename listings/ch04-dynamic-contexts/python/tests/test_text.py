"""A log reads as Rust and Go write it."""

from pathlib import Path

import event
import text
from bounded import Bounded

GOLDEN = Path(__file__).parents[3] / "events" / "tests"


def read(log):
    """A log as a person reads it."""
    writer = text.Writer()
    return "".join(map(writer.line, log.splitlines())) + writer.flush()


class Lines(Bounded):
    """Lines for people."""

    def setUp(self):
        self.log = (GOLDEN / "golden.events.jsonl").read_text(encoding="utf-8")

    def test_a_log_reads_as_the_others_write_it(self):
        """One file, read by three programs."""
        self.assertEqual(read(self.log), (GOLDEN / "golden.txt").read_text(encoding="utf-8"))

    def test_any_line_is_shown(self):
        """What is cut or odd ends nothing."""
        for length in range(len(self.log)):
            read(self.log[:length])
        odd = ['{"event":"x","ts":5}', '{"event":"x","not_after":7,"a_ms":"b","seconds":true}', "[" * 9999]
        self.assertEqual(len(read("\n".join(odd)).splitlines()), 3)

    def test_the_form_of_the_log_is_chosen(self):
        """Text or JSON."""
        event.choose("text")
        self.assertIsNotNone(event.PEOPLE)
        event.choose("json")
        self.assertIsNone(event.PEOPLE)
