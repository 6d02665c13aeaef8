"""What is wanted of `pause`. Each test is a check, and its text says what has to hold.

Time is counted, and no check waits.
"""

from answer import pause

HOUR = 3600
LIFETIMES = {"1 hour": HOUR, "24 hours": 24 * HOUR, "160 hours": 160 * HOUR, "47 days": 47 * 24 * HOUR}
MANY = 10_000  # An agent that tries so often has tried often enough to be stopped.
ENOUGH = 200  # From two thirds of the lifetime to the end. A pause that doubles, and then halves what is left, needs about 30.
ENOUGH_AFTER = 500  # In a third of the lifetime after the end, where pauses do not grow any more.
BRIEF = 0.1  # No pause before the end is shorter, unless it reaches the end.
RENEWS = 3  # How long a renewal takes that is quick.


def seconds(failures, lifetime, left):
    """A pause, which has to be a number."""
    waits = pause(failures, lifetime, left)
    assert isinstance(waits, (int, float)), f"`pause` returned {waits!r} when {left:.0f} s were left, in place of a number of seconds."
    return waits


def tries(lifetime, first):
    """When an agent tries whose authority stays away: after which seconds since the certificate's beginning. The last one
    comes after the end, or is one too many.
    """
    at = first
    tried = [at]
    while at < lifetime and len(tried) < MANY:
        at += max(0, seconds(len(tried), lifetime, lifetime - at))
        tried.append(at)
    return tried


def a_try_follows_its_return(within):
    """Tries are made between the return of the authority and the end, whenever it returns within these thousandths."""
    for name, lifetime in LIFETIMES.items():
        # The first try comes after two thirds of the lifetime, give or take a twentieth.
        for first in range(617, 718, 5):
            tried, following = tries(lifetime, lifetime * first / 1000), 0
            for thousandths in within:
                back = lifetime * thousandths / 1000
                while following < len(tried) and tried[following] < back:
                    following += 1
                if following in (0, len(tried)):
                    continue
                assert tried[following] < lifetime, (
                    f"A leaf of {name}: the authority came back when {thousandths / 10} % of the lifetime were over, {lifetime - back:.0f} s "
                    f"before the end. The last try had failed {lifetime - tried[following - 1]:.0f} s before the end, and the next one comes "
                    f"{tried[following] - lifetime:.0f} s after it: the pause outlasts the certificate. Bound it by what is left. A smallest "
                    "pause counts as well: it has to be short beside the lifetime."
                )
                # Of an authority that was back shortly before the end, less cannot be asked.
                assert thousandths > 980 or tried[following] + RENEWS <= lifetime, (
                    f"A leaf of {name}: the authority came back {lifetime - back:.0f} s before the end, and the next try comes "
                    f"{lifetime - tried[following]:.1f} s before it. A renewal that begins so late is not over before the end: to renew takes "
                    "some seconds. Take a part of what is left, and try while there is time."
                )


def test_a_short_outage_costs_little():
    """A short outage costs little: the first pause is a twentieth of the lifetime at most, and it is a pause."""
    for name, lifetime in LIFETIMES.items():
        # They may be drawn.
        pauses = [seconds(1, lifetime, lifetime / 3) for _ in range(1000)]
        least, first = min(pauses), max(pauses)
        assert first <= lifetime / 20, (
            f"A leaf of {name}: the authority was away for a second, and after the first failure the agent waits for {first:.0f} s. Most "
            f"outages are short. A twentieth of the lifetime, {lifetime / 20:.0f} s, is long enough."
        )
        assert least >= 1, (
            f"A leaf of {name}: after the first failure the agent waits for {least:g} s. What has just failed fails again a moment later, and an "
            "authority that is overloaded gets every request twice. A second is short enough. A lot may lengthen a pause, or take a part of it away, and not all of it."
        )


def test_whenever_the_authority_is_back_a_try_comes_before_the_end():
    """Whenever the authority comes back before the end, there is a try between that moment and the end."""
    a_try_follows_its_return(range(670, 981))


def test_after_the_end_it_goes_on():
    """After the end the agent goes on, neither without a pause nor after a very long one."""
    for name, lifetime in LIFETIMES.items():
        waits = pause(10, lifetime, 0)
        assert waits is not None, (
            f"A leaf of {name} has expired, and `pause` returned `None`: a function of Python that comes to its end without a `return` "
            "returns `None`, and `time.sleep(None)` raises. An expired certificate is a reason to go on."
        )
        waits = seconds(10, lifetime, 0)
        assert waits >= 1, (
            f"A leaf of {name} has expired, and the agent tries again after {waits} s: without a pause, it hammers the authority, and the "
            "whole fleet does so at the same time. Half of what is left is nothing when nothing is left."
        )
        assert waits <= lifetime / 4, (
            f"A leaf of {name} has expired, and the agent waits for {waits:.0f} s: the renewal is not tried again for more than a quarter "
            "of the lifetime. New clients fail meanwhile. An expired certificate is a reason to go on."
        )


def test_an_authority_that_is_down_is_not_hammered():
    """An authority that is down is not hammered."""
    for name, lifetime in LIFETIMES.items():
        tried = len(tries(lifetime, lifetime * 2 / 3))
        assert tried <= ENOUGH, (
            f"A leaf of {name}: the authority was away from two thirds of the lifetime to the end, and {tried}{'' if tried < MANY else ' or more'} "
            f"tries came before the end, of one agent. A fleet of a thousand keeps it down. {ENOUGH} are more than enough: let pauses grow with "
            "the lifetime, and give them a smallest length."
        )
        for left in (0.15, 0.02):
            waits = seconds(20, lifetime, left)
            assert waits >= min(BRIEF, left), (
                f"A leaf of {name} ends in {left} s, and the agent tries again after {waits:g} s. Half of what is left gets smaller without an end, "
                "and the tries of a whole fleet come ever faster when all its certificates are about to end. A pause is bounded from below as "
                "well: a second is short enough."
            )
    for name, lifetime in LIFETIMES.items():
        # As much is left at the tenth failure as at the first, so what is left is no reason for a short pause. A pause may be drawn.
        first, tenth = (max(seconds(failures, lifetime, lifetime / 3) for _ in range(1000)) for failures in (1, 10))
        assert tenth >= first * 1.25, (
            f"A third of a leaf of {name} is left. After the first failure the agent waits for {first:g} s, and after ten in a row, with as much left, "
            f"for {tenth:g} s. An outage that has lasted for ten tries is no short one, and until it ends the whole fleet goes on asking as often as at "
            "first. Let the pause grow with the number of failures, until what is left bounds it."
        )


def test_a_long_outage_is_no_trouble():
    """A long outage is no trouble, however many failures there were."""
    first = seconds(1, HOUR, 0)
    for failures in (20, 33, 100, 2_000, 20_000):
        try:
            waits = seconds(failures, HOUR, 0)
        except ArithmeticError as error:
            waits = error
        assert not isinstance(waits, ArithmeticError) and first / 4 <= waits <= HOUR, (
            f"After {failures} failures in a row `pause` raises, or the pause is far too short or too long ({waits!r}): the doubling has "
            "overflowed. A float of Python ends at about 2 ** 1024. Bound the number of doublings."
        )
        assert waits <= HOUR / 4, (
            f"A leaf of 1 hour has expired, and after {failures} failures in a row the agent waits for {waits:.0f} s, more than a quarter of the lifetime: "
            "the pause goes on growing when the end is over, and the authority may be back for most of that time. New clients fail meanwhile. What "
            "bounds the pause after the end has to bound it however many failures there were."
        )
    # A pause may be drawn: the longest of several counts.
    grown = max(seconds(16, HOUR, HOUR) for _ in range(20))
    for failures in range(17, 101):
        waits = max(seconds(failures, HOUR, HOUR) for _ in range(20))
        assert waits >= grown / 4, (
            f"After 16 failures in a row the pause is {grown:g} s, and after {failures} it is {waits:g} s: it has begun anew. To bound the number of "
            "doublings is to take the smaller of two numbers. The rest of a division goes back to nothing."
        )


def test_after_the_end_it_is_not_hammered_either():
    """Nor is it hammered after the end."""
    for name, lifetime in LIFETIMES.items():
        waited = tried = 0
        while waited < lifetime / 3 and tried < MANY:
            tried += 1
            waited += max(0, seconds(30 + tried, lifetime, 0))
        assert tried <= ENOUGH_AFTER, (
            f"A leaf of {name} has expired, and the authority stays away for another third of the lifetime: {tried}{'' if tried < MANY else ' or more'} "
            "tries of one agent. The whole fleet has expired with it, so the authority meets all of them whenever it comes back, and goes down "
            "again. After the end, let the pause be a part of the lifetime: there is nothing left of which it could be one."
        )


def test_the_last_try_comes_shortly_before_the_end():
    """The last try comes shortly before the end."""
    a_try_follows_its_return(range(981, 996))
