"""A test that waits for what does not come fails, and says where it waited."""

import linecache
import signal
import unittest

BOUND = 30  # Seconds for one test. A bound, never a pause.


class Bounded(unittest.TestCase):
    """Each test has so long. What waits in its thread is interrupted: a read, a lock, a handshake."""

    def run(self, result=None):
        def late(_number, frame):
            # The line of the test says what was waited for.
            while frame.f_back and "/tests/" not in frame.f_code.co_filename:
                frame = frame.f_back
            where = linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()
            self.fail(f"waited {BOUND} s for this line of {frame.f_code.co_name}: {where}")

        before = signal.signal(signal.SIGALRM, late)
        signal.setitimer(signal.ITIMER_REAL, BOUND)
        try:
            return super().run(result)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
