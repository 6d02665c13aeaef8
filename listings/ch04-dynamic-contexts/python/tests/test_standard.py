"""A server whose stderr is closed."""

import subprocess
import sys
from pathlib import Path

from issued import Bench

PROGRAM = Path(__file__).parent.parent

# The program itself. It ends where it would accept, and says which number its listener has.
STARTS = """
import os, runpy, sys
for number in (0, 2):
    os.close(number)
program = sys.argv.pop(1)
sys.path.insert(0, program)
import serve
def served(listener, _front):
    os.write(1, str(listener.fileno()).encode())
    os._exit(0)
serve.serve = served
runpy.run_path(program + "/__main__.py", run_name="__main__")
"""


class Closed(Bench):
    def test_no_socket_has_the_number_of_a_stderr_that_is_closed(self):
        files = [f"--{name}={getattr(self.source, name)}" for name in ("certificate", "key", "roots")]
        command = [sys.executable, "-c", STARTS, str(PROGRAM), "serve", *files]
        ran = subprocess.run(command, stdout=subprocess.PIPE, timeout=30)
        self.assertGreater(int(ran.stdout), 2, "the log would be sent to a client")
