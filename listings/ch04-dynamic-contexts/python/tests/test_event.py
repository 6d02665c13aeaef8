"""A log that is not read holds nobody up, and says what it lacks once it is read again."""

import json
import threading

from bounded import Bounded
from event import Queue

#: How long a test waits for one thing before it gives up, in seconds. A bound, never a pause.
BOUND = 30


class Unread(Bounded):
    def setUp(self):
        self.read, self.written = threading.Semaphore(0), []
        self.changed = threading.Condition()
        self.log = Queue(self.write)
        # So that its thread ends what it has begun.
        self.addCleanup(self.read.release, 3 * Queue.LINES)

    def write(self, line):
        self.read.acquire()
        with self.changed:
            self.written.append(line)
            self.changed.notify_all()

    def comes(self, lines):
        """Lets all be written, and waits until there are so many lines."""
        self.read.release(3 * Queue.LINES)
        with self.changed:
            self.assertTrue(self.changed.wait_for(lambda: len(self.written) >= lines, BOUND))

    def test_who_logs_does_not_wait_and_what_is_lost_is_counted(self):
        def log():
            for _ in range(Queue.LINES + 7):
                self.log.put("line\n")

        logs = threading.Thread(target=log, daemon=True)
        logs.start()
        logs.join(BOUND)
        self.assertFalse(logs.is_alive(), "who logs waits for who reads")
        lost = self.log.lost
        # One line may be on its way already.
        self.assertIn(lost, (6, 7))
        self.comes(Queue.LINES + 7 - lost)
        self.log.put("next\n")
        self.comes(Queue.LINES + 9 - lost)
        told = json.loads(self.written[-2])
        self.assertEqual((told["event"], told["lines"]), ("lines_lost", lost))
        self.assertEqual(self.written[-1], "next\n")

    def test_the_end_waits_for_the_log_and_not_for_ever(self):
        self.log.put("last\n")
        self.log.flush(0.001)
        self.assertEqual(self.written, [])
        self.read.release()
        self.log.flush(BOUND)
        self.assertEqual(self.written, ["last\n"])
