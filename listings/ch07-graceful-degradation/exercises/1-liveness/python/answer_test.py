"""What is wanted of `ready` and `live`. Each test is a check, and its text says what has to hold."""

from dataclasses import replace

from answer import State, live, ready

HOUR = 3600


def healthy(hours):
    """A healthy server with this many hours left."""
    return State(seconds_left=hours * HOUR, look_age=10, look_bound=300, rejected=False)


def hours_after_the_agent_died(hours):
    """The agent has truncated the file and died, when 72 hours were left."""
    return replace(healthy(72 - hours), rejected=True)


def without_a_watcher():
    """The watcher has died, or hangs on a mount, and has looked at nothing for an hour."""
    return replace(healthy(72), look_age=HOUR)


def test_no_fault_of_files_or_clock_kills_the_process():
    """No fault of files or clock kills the process: the file is broken and the certificate runs out, and `/live` stays green."""
    assert live(healthy(72)) is not None, (
        "`live` returned `None`, which is not true: the orchestrator kills a healthy process. A function of Python that comes to its "
        "end without a `return` returns `None`."
    )
    killed = [hour for hour in range(601) if not live(hours_after_the_agent_died(hour))]
    assert not killed, (
        f"The agent truncated the file and died. {killed[0]} hours later (the certificate ended after 72) `live` said no, and the "
        "orchestrator killed the process. Open downloads were cut. Its successor read the truncated file and did not start, "
        "again and again. The good certificate was in the memory of the process alone, and the clients that would still have "
        "come back with a ticket are shut out. No restart mends a certificate."
    )


def test_a_dead_watcher_kills_no_process():
    """A dead watcher kills no process."""
    assert all(live(replace(without_a_watcher(), look_age=hours * HOUR)) for hours in (1, 24, 7 * 24)), (
        "Nothing has looked at the files for an hour, a day or a week, the certificate has 72 hours left, and `live` said no. The orchestrator cuts "
        "every connection today for a problem that would come in three days; and where a mount hangs, the next process hangs as "
        "well. Inside the process, a supervisor can start the watcher again."
    )


def test_two_faults_at_once_kill_no_process():
    """Two faults at once kill no process either."""
    state = replace(without_a_watcher(), rejected=True)
    for state in (state, replace(state, seconds_left=-HOUR)):
        assert live(state), (
            f"Nothing has looked at the files for an hour, they were broken before, and {state.seconds_left} s are left. `live` said no. "
            "Two faults that a restart does not mend are not mended by one: the next process reads the same files, and begins "
            "with no certificate at all."
        )
    however_long_it_lasts()


def however_long_it_lasts():
    """No operator came to look for a year, or for longer than can be counted."""
    year = 366 * 24 * HOUR
    for seconds_left, look_age in ((-year, 0), (72 * HOUR, year), (-(2**63), 2**63), (2**63, 2**63)):
        for rejected in (False, True):
            state = replace(healthy(72), seconds_left=seconds_left, look_age=look_age, rejected=rejected)
            assert live(state), (
                f"{seconds_left} s are left, nothing has looked at the files for {look_age} s, and `live` said no. However long a fault of files or "
                "clock lasts, a restart does not mend it."
            )


def test_a_healthy_server_is_ready_up_to_the_last_second():
    """A healthy server is ready, up to the last second of its certificate."""
    for state, when in (
        (healthy(72), "with 72 hours left"),
        (healthy(0), "in the last second of its certificate"),
        (replace(healthy(72), look_age=300), "when its last look is exactly as old as the bound"),
    ):
        assert ready(state), f"The server is healthy, {when}, and `ready` said no: {state}."


def test_what_clients_reject_is_not_ready():
    """What clients reject is not ready."""
    assert not ready(replace(healthy(0), seconds_left=-1)), (
        "The certificate expired a second ago, so each new client rejects it, and `ready` said yes. Another server may have a better one."
    )
    for hours in (74, 30 * 24):
        assert not ready(hours_after_the_agent_died(hours)), (
            f"The file is broken, what was served before goes on being served, and that has expired: {hours - 72} hours ago. `ready` said yes. Each new "
            "client rejects what is served, whatever is in the file."
        )


def test_rejected_files_are_no_reason_to_be_unready():
    """Rejected files are no reason to be unready."""
    unready = [hours for hours in range(73) if not ready(hours_after_the_agent_died(hours))]
    assert not unready, (
        f"The file is broken, what is served is good for another {72 - unready[0]} hours, and `ready` said no. All replicas read the same files: with "
        "this answer, all of them are taken out of service at once, and each could have served until the end. Raise an alarm instead."
    )


def test_a_dead_watcher_is_seen_by_readiness():
    """A dead watcher is seen by readiness."""
    assert not any(ready(replace(without_a_watcher(), rejected=rejected)) for rejected in (False, True)), (
        "Nothing has looked at the files for an hour, the bound is five minutes, and `ready` said yes. This is the quietest of "
        "failures: handshakes succeed until the certificate runs out, and no renewal will be served. `look_age` is the pulse of "
        "the watcher."
    )
    for days in (10, 90, 398):
        assert not ready(replace(without_a_watcher(), seconds_left=days * 24 * HOUR)), (
            f"Nothing has looked at the files for an hour, the bound is five minutes, {days} days are left, and `ready` said yes. A server without a watcher serves "
            "what it has until that expires, or until it is revoked, and a day that is far away comes as well. How much time is left is another question."
        )


def test_how_old_a_look_may_be_is_told():
    """How old a look may be, the server is told."""
    for bound, age in ((60, 61), (3600, 3600), (60, 60.000001)):
        state = replace(healthy(72), look_age=age, look_bound=bound)
        said = ready(state)
        assert bool(said) == (age <= bound), (
            f"This server polls in another rhythm: the bound is {bound} s, and the last look was {age} s ago. `ready` said {said}. The bound is "
            "`look_bound`, and no constant, and it is compared as it is, to its last digit."
        )
        said = ready(replace(state, rejected=True))
        assert bool(said) == (age <= bound), (
            f"The bound is {bound} s, the last look was {age} s ago, and it rejected the files. `ready` said {said}, and something else where that look rejected "
            "nothing. What a look has found says nothing of the watcher: the bound is `look_bound`, in both cases."
        )
