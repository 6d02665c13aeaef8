"""What is wanted of `Agent`. Each test is a check, and its text says what has to hold.

Each machine runs the answer by itself: what one draws, no other one has. Lots are lots: the bounds are so wide that fair ones
miss them less than once in a thousand million runs.
"""

import functools
import random
import types
from collections import Counter

from lab import each_process, host

import answer

AT, SPREAD = 2 / 3, 0.1
LIFETIMES = {"24 hours": 24 * 3600, "an hour": 3600}
MACHINES = 1000
RENEWALS = 8

# As bytes, since an editor may have put a mark in front of the text, or have said how it is encoded.
with open(answer.__file__, "rb") as file:
    CODE = compile(file.read(), answer.__file__, "exec")


def agent(machine):
    """An agent as a process of its own has it: the answer is imported there for the first time, on a host of that name, and a generator
    that it did not seed has been seeded by the operating system.
    """
    module = types.ModuleType("answer")
    exec(CODE, module.__dict__)
    return module.Agent(machine)


@functools.cache
def fleet(lifetime):
    """For each machine of a fleet that starts together, after which parts of their lifetimes its leaves are renewed."""
    found = []
    for number in range(MACHINES):
        random.seed()
        # The number stands at the end, or a name is one of several that begin alike, or end alike.
        machine = f"web-{number % 20}.rack-{number // 20}.example.com" if lifetime == 3600 else f"web-{number}"
        with host(machine):
            one = agent(machine)
            found.append([one.due(lifetime) / lifetime for _ in range(RENEWALS)])
    return found


def piece(part, pieces):
    """Into which of so many equal pieces of the spread this part falls."""
    return max(0, min(int(((part - AT) / SPREAD + 0.5) * pieces), pieces - 1))


def test_each_renewal_falls_within_the_spread():
    """Each renewal falls within the spread."""
    # A rounding error is no fault.
    first, last = AT - SPREAD / 2 - 1e-9, AT + SPREAD / 2 + 1e-9
    for name, lifetime in LIFETIMES.items():
        for part in (part for machine in fleet(lifetime) for part in machine):
            assert first <= part <= last, (
                f"A renewal is due after {part:.4f} of the lifetime, which is {name}. The spread is a tenth of it, around two thirds: after "
                f"{first:.4f} at the earliest, and {last:.4f} at the latest. An alarm is derived from that (chapter 7)."
            )
    # The authority may shorten the lifetime, and lengthen it again.
    day, hour = LIFETIMES.values()
    one = agent("web-1")
    for lifetime in (day, hour, day):
        due = one.due(lifetime)
        assert first <= due / lifetime <= last, (
            "One agent was asked for a leaf of 24 hours, then for one of an hour, then for one of 24 hours again: authorities change their "
            f"lifetimes. The one that lives for {lifetime} s is due after {due:.0f} s. Each time, `due` is given the lifetime of the next leaf: "
            "what was given before is of another leaf."
        )


def test_each_renewal_draws_anew():
    """Each renewal draws anew."""
    for lifetime in LIFETIMES.values():
        same = [parts for parts in fleet(lifetime) if max(parts) - min(parts) <= 1e-9]
        # One agent in thousands draws the same by chance, where lots are few.
        if len(same) > MACHINES // 100:
            parts = same[0]
            raise AssertionError(
                f"An agent renewed {RENEWALS} leaves, and was due after {parts[0]:.4f} of the lifetime each time. Two agents that ask their "
                "authority at one moment do so at every renewal from then on, and one with a small lot renews more often than the others "
                "forever. Let `due` draw each time it is called (a default argument is evaluated once), and do not round: `int` makes "
                "every lot 0."
            )


def test_a_fleet_that_started_together_renews_apart():
    """A fleet that started together renews apart, at the first renewal and at each later one."""
    for name, lifetime in LIFETIMES.items():
        machines = fleet(lifetime)
        for renewal in range(RENEWALS):
            busiest = max(Counter(piece(parts[renewal], 100) for parts in machines).values())
            assert busiest <= 50, (
                f"Leaves of {name}: at renewal number {renewal + 1}, {busiest} of {MACHINES} agents are due within the same hundredth of the "
                "spread; ten would be its share. They were started in the same second, from the same image, each in a process of its own. "
                "With one seed for all, and with the time of the start as the seed, each draws the same lot; and lots that are rounded to whole minutes are the same for many. "
                "Machines are called `web-7`, or `web-7.rack-12.example.com`: take the whole name."
            )
        moments = len({parts[0] for parts in machines})
        # In whole seconds there are about 944.
        assert lifetime < 24 * 3600 or moments >= MACHINES * 9 // 10, (
            f"Leaves of {name}: at the first renewal, {MACHINES} agents are due at {moments} different moments, though the spread has 8,640 s. A lot that is "
            "one of a hundred, and a moment that is rounded to whole minutes, makes as many crowds, and each of them grows with the fleet: draw as finely as `random()` does."
        )
        alike = max(Counter(tuple(parts) for parts in machines).values())
        assert alike < 2, (
            f"Leaves of {name}: {alike} of {MACHINES} agents are due at the same moments, at each of {RENEWALS} renewals and at all that follow. "
            "They draw from one seed. With the time of the start as the seed, this happens to all that start in the same millisecond."
        )


def test_who_came_together_once_parts():
    """Agents that came at the same moment once do not come together ever after."""

    def pairs(found):
        return sum(count * (count - 1) // 2 for count in Counter(found).values())

    for lifetime in LIFETIMES.values():
        places = [(piece(parts[0], 100), piece(parts[1], 100)) for parts in fleet(lifetime)]
        together, again = pairs(first for first, _ in places), pairs(places)
        assert again * 5 <= together, (
            f"{together} pairs of agents are due within the same hundredth of the spread at their first renewal, and {again} of these "
            "pairs at the second one, too. A clash of two comes back at every renewal: each moves on by the same step. A lot that is drawn "
            "anew forgets the one before."
        )


def test_the_whole_spread_is_used_evenly():
    """The whole spread is used, evenly."""
    for lifetime in LIFETIMES.values():
        machines = fleet(lifetime)
        for renewal in range(RENEWALS):
            counts = Counter(piece(parts[renewal], 10) for parts in machines)
            for tenth in range(10):
                assert counts[tenth] >= 30, (
                    f"{counts[tenth]} of {MACHINES} agents are due in the {tenth + 1}. tenth of the spread at renewal number {renewal + 1}; a "
                    "hundred would be its share. What is left unused makes the rest of the spread busier."
                )


def test_each_process_draws_lots_of_its_own():
    """Machines that run the same program, each in a process of its own, draw apart."""
    lifetime = LIFETIMES["24 hours"]
    code = f"agent = Agent(machine)\nprint(', '.join(format(agent.due({lifetime}) / {lifetime}, '.6f') for _ in range({RENEWALS})))"
    agent("web-0")  # What it raises is a failure of this check.
    drawn = each_process(answer.__file__, ["web-0", "web-1"], code)
    assert drawn[0] != drawn[1], (
        "The program was started twice, for the machines web-0 and web-1, and both are due after the same parts of their lifetimes: "
        f"{drawn[0]}. What the agents of one process share (a generator, a count) tells those of one process apart, and begins in each process "
        "anew, with the same seed: a thousand machines are a thousand processes. The seed has to be another one on each machine."
    )
