"""What is wanted of `Workers`. Each test is a check, and its text says what has to hold.

The handshakes run in memory, both ends on one thread. The command `openssl` issues the certificates: Python's library cannot.
"""

import ssl

from lab import call, leaf, root

from answer import Workers

WORKERS = 4
TLS13 = "TLS 1.3 with a ticket"
TLS12_TICKET = "TLS 1.2 with a ticket"
TLS12_ID = "TLS 1.2 without a ticket, whose session the server remembers"


class Client:
    """One that keeps its session in this way."""

    def __init__(self, keeps):
        self.session, self.keeps = None, keeps
        self.trusts = ssl.create_default_context(cafile=root("Root A"))
        if keeps != TLS13:
            self.trusts.maximum_version = ssl.TLSVersion.TLSv1_2
        if keeps == TLS12_ID:
            self.trusts.options |= ssl.OP_NO_TICKET

    def resumes(self, workers, worker):
        """Whether it resumes an earlier session at this worker."""
        try:
            near, _ = call(workers.context(worker), self.trusts, self.session)
        except ssl.SSLError as error:
            raise AssertionError(f"A handshake at worker {worker} failed: {error}.") from error
        self.session = near.session
        return near.session_reused


def begin(workers=WORKERS):
    """So many workers; four, where nothing is said."""
    return Workers(workers, *leaf("Root A", "1001"))


def all_are_discarded(keeps):
    """No worker resumes a session of before."""
    workers = begin()
    # A client of its own for each worker: one that is turned down takes a new session.
    clients = [Client(keeps) for _ in range(WORKERS)]
    for client in clients:
        client.resumes(workers, 0)
        assert client.resumes(workers, 1), (
            f"Nothing was discarded, and a client ({keeps}) that comes from one worker to another does not resume."
        )
    workers.discard()
    resumed = [worker for worker, client in enumerate(clients) if client.resumes(workers, worker)]
    assert not resumed, (
        f"All sessions were discarded, and at the workers {resumed} of 0 to {WORKERS - 1} a client ({keeps}) still resumed one of before. What "
        "opens sessions has to go at each worker: the ticket keys, and the memory of those without a ticket. Both are a context's own, as "
        "long as it is used, whatever is loaded into it again."
    )


def test_no_worker_opens_a_ticket_of_before():
    """No worker opens a ticket of before."""
    for keeps in (TLS13, TLS12_TICKET):
        all_are_discarded(keeps)


def test_no_worker_remembers_a_session_of_before():
    """No worker remembers a session of before that has no ticket."""
    all_are_discarded(TLS12_ID)


def test_new_sessions_are_resumed_at_each_worker():
    """New sessions are resumed at each worker, as before."""
    workers = begin()
    workers.discard()
    for keeps in (TLS13, TLS12_TICKET, TLS12_ID):
        client = Client(keeps)
        client.resumes(workers, 0)
        full = [worker for worker in range(WORKERS) if not client.resumes(workers, worker)]
        assert not full, (
            f"All sessions were discarded, and then a client ({keeps}) came to worker 0 and took a new one. It came back to each worker in turn; "
            f"those that did not resume: {full}. A client meets any worker next time, so all of them have to open the new sessions. No two "
            "contexts share their ticket keys: one context for all."
        )


def test_a_second_discard_is_like_the_first():
    """Sessions that began after the first discard are discarded by the second."""
    for keeps in (TLS13, TLS12_TICKET, TLS12_ID):
        workers, client = begin(), Client(keeps)
        workers.discard()
        client.resumes(workers, 0)
        workers.discard()
        assert not client.resumes(workers, 0), (
            f"The keys leaked a second time, and a client ({keeps}) resumed the session that it began between the two discards. The second "
            "`discard` has to make a context of its own."
        )
    what_is_discarded_stays_discarded()
    however_many_workers_there_are()


def however_many_workers_there_are():
    """One, and seven."""
    for number in (1, 7):
        workers, client = begin(number), Client(TLS13)
        client.resumes(workers, 0)
        workers.discard()
        assert not client.resumes(workers, number - 1), (
            f"A server has {number} of these workers. `discard` was called, and the last of them still resumed a session of before. How many there are, `Workers` "
            "was told: go through all of them."
        )


def what_is_discarded_stays_discarded():
    """A client comes back after several discards."""
    for keeps in (TLS13, TLS12_TICKET, TLS12_ID):
        workers = begin()
        # One that is turned down takes a new session, so each discard has a client of its own.
        clients = [Client(keeps) for _ in range(4)]
        for client in clients:
            client.resumes(workers, 0)
        for discards, client in enumerate(clients, 1):
            workers.discard()
            assert not client.resumes(workers, 0), (
                f"A client ({keeps}) has a session of the beginning. All sessions were discarded {discards} times since, and it resumed. What was "
                "discarded stays so: each `discard` makes a context that was never used before."
            )
