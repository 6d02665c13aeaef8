package answer

// What is wanted of Pause. Each test is a check, and its comment says what has to hold.
//
// Time is counted, and no check waits.

import (
	"math"
	"testing"
	"time"

	"answer/lab"
)

var lifetimes = []struct {
	length time.Duration
	name   string
}{
	{time.Hour, "1 hour"},
	{24 * time.Hour, "24 hours"},
	{160 * time.Hour, "160 hours"},
	{47 * 24 * time.Hour, "47 days"},
}

const (
	// An agent that tries so often has tried often enough to be stopped.
	many = 10_000
	// From two thirds of the lifetime to the end. A pause that doubles, and then halves what is left, needs about 30.
	enough = 200
	// In a third of the lifetime after the end, where pauses do not grow any more.
	enoughAfter = 500
	// No pause before the end is shorter, unless it reaches the end.
	brief = 100 * time.Millisecond
	// How long a renewal takes that is quick.
	renews = 3 * time.Second
)

// tries is when an agent tries whose authority stays away: after which times since the certificate's beginning. The last
// one comes after the end, or is one too many.
func tries(lifetime, first time.Duration) []time.Duration {
	tries := []time.Duration{first}
	for at := first; at < lifetime && len(tries) < many; {
		at += max(0, min(Pause(len(tries), lifetime, lifetime-at), 10*lifetime))
		tries = append(tries, at)
	}
	return tries
}

// aTryFollowsItsReturn: tries are made between the return of the authority and the end, whenever it returns within these
// thousandths.
func aTryFollowsItsReturn(t *testing.T, from, to int) {
	for _, leaf := range lifetimes {
		// The first try comes after two thirds of the lifetime, give or take a twentieth.
		for first := 617; first <= 717; first += 5 {
			tries, next := tries(leaf.length, leaf.length*time.Duration(first)/1000), 0
			for thousandths := from; thousandths <= to; thousandths++ {
				back := leaf.length * time.Duration(thousandths) / 1000
				for next < len(tries) && tries[next] < back {
					next++
				}
				if next == 0 || next == len(tries) {
					continue
				}
				// Of an authority that was back shortly before the end, less cannot be asked.
				if tries[next] < leaf.length && (thousandths > 980 || tries[next]+renews <= leaf.length) {
					continue
				}
				if tries[next] < leaf.length {
					t.Fatalf("A leaf of %s: the authority came back %.0f s before the end, and the next try comes %.1f s before it. A renewal that begins so late is not over before the end: to renew takes some seconds. Take a part of what is left, and try while there is time.",
						leaf.name, (leaf.length - back).Seconds(), (leaf.length - tries[next]).Seconds())
				}
				t.Fatalf("A leaf of %s: the authority came back when %.1f %% of the lifetime were over, %.0f s before the end. The last try had failed %.0f s before the end, and the next one comes %.0f s after it: the pause outlasts the certificate. Bound it by what is left. A smallest pause counts as well: it has to be short beside the lifetime.",
					leaf.name, float64(thousandths)/10, (leaf.length - back).Seconds(), (leaf.length - tries[next-1]).Seconds(), (tries[next] - leaf.length).Seconds())
			}
		}
	}
}

// A short outage costs little: the first pause is a twentieth of the lifetime at most, and it is a pause.
func TestAShortOutageCostsLittle(t *testing.T) {
	defer stop(t)
	for _, leaf := range lifetimes {
		// They may be drawn.
		least, first := Pause(1, leaf.length, leaf.length/3), time.Duration(0)
		for range 1000 {
			pause := Pause(1, leaf.length, leaf.length/3)
			least, first = min(least, pause), max(first, pause)
		}
		if least < time.Second {
			t.Fatalf("A leaf of %s: after the first failure the agent waits for %v. What has just failed fails again a moment later, and an authority that is overloaded gets every request twice. A second is short enough. A lot may lengthen a pause, or take a part of it away, and not all of it.", leaf.name, least)
		}
		if first > leaf.length/20 {
			t.Fatalf("A leaf of %s: the authority was away for a second, and after the first failure the agent waits for %.0f s. Most outages are short. A twentieth of the lifetime, %.0f s, is long enough.", leaf.name, first.Seconds(), (leaf.length / 20).Seconds())
		}
	}
}

// Whenever the authority comes back before the end, there is a try between that moment and the end.
func TestWheneverTheAuthorityIsBackATryComesBeforeTheEnd(t *testing.T) {
	defer stop(t)
	aTryFollowsItsReturn(t, 670, 980)
}

// After the end the agent goes on, neither without a pause nor after a very long one.
func TestAfterTheEndItGoesOn(t *testing.T) {
	defer stop(t)
	for _, leaf := range lifetimes {
		pause := Pause(10, leaf.length, 0)
		if pause < time.Second {
			t.Fatalf("A leaf of %s has expired, and the agent tries again after %v: without a pause, it hammers the authority, and the whole fleet does so at the same time. Half of what is left is nothing when nothing is left.", leaf.name, pause)
		}
		if pause > leaf.length/4 {
			t.Fatalf("A leaf of %s has expired, and the agent waits for %.0f s: the renewal is not tried again for more than a quarter of the lifetime. New clients fail meanwhile. An expired certificate is a reason to go on.", leaf.name, pause.Seconds())
		}
	}
}

// An authority that is down is not hammered.
func TestAnAuthorityThatIsDownIsNotHammered(t *testing.T) {
	defer stop(t)
	for _, leaf := range lifetimes {
		tries := len(tries(leaf.length, leaf.length*2/3))
		if tries > enough {
			t.Fatalf("A leaf of %s: the authority was away from two thirds of the lifetime to the end, and %d%s tries came before the end, of one agent. A fleet of a thousand keeps it down. %d are more than enough: let pauses grow with the lifetime, and give them a smallest length.", leaf.name, tries, orMore(tries), enough)
		}
		for _, left := range []time.Duration{150 * time.Millisecond, 20 * time.Millisecond} {
			if waits := Pause(20, leaf.length, left); waits < min(brief, left) {
				t.Fatalf("A leaf of %s ends in %v, and the agent tries again after %v. Half of what is left gets smaller without an end, and the tries of a whole fleet come ever faster when all its certificates are about to end. A pause is bounded from below as well: a second is short enough.", leaf.name, left, waits)
			}
		}
	}
	// As much is left at the tenth failure as at the first, so what is left is no reason for a short pause. A pause may be drawn.
	longest := func(failures int, lifetime time.Duration) (long time.Duration) {
		for range 1000 {
			long = max(long, Pause(failures, lifetime, lifetime/3))
		}
		return long
	}
	for _, leaf := range lifetimes {
		if first, tenth := longest(1, leaf.length), longest(10, leaf.length); tenth < first+first/4 {
			t.Fatalf("A third of a leaf of %s is left. After the first failure the agent waits for %v, and after ten in a row, with as much left, for %v. An outage that has lasted for ten tries is no short one, and until it ends the whole fleet goes on asking as often as at first. Let the pause grow with the number of failures, until what is left bounds it.", leaf.name, first, tenth)
		}
	}
}

// A long outage is no trouble, however many failures there were.
func TestALongOutageIsNoTrouble(t *testing.T) {
	defer stop(t)
	first := Pause(1, time.Hour, 0)
	for _, failures := range []int{20, 33, 64, 65, 100, 1_000, math.MaxInt32} {
		pause, panicked := trying(failures)
		if panicked || pause < first/4 || pause > time.Hour {
			t.Fatalf("After %d failures in a row `Pause` panics, or the pause is far too short or too long: the doubling has overflowed. Whole numbers of Go do so without a word: what is too large becomes negative, or zero. An outage of a weekend is enough for that. Bound the number of doublings.", failures)
		}
		if pause > time.Hour/4 {
			t.Fatalf("A leaf of 1 hour has expired, and after %d failures in a row the agent waits for %.0f s, more than a quarter of the lifetime: the pause goes on growing when the end is over, and the authority may be back for most of that time. New clients fail meanwhile. What bounds the pause after the end has to bound it however many failures there were.", failures, pause.Seconds())
		}
	}
	// A pause may be drawn: the longest of several counts.
	longest := func(failures int) (long time.Duration) {
		for range 20 {
			long = max(long, Pause(failures, time.Hour, time.Hour))
		}
		return long
	}
	grown := longest(16)
	for failures := 17; failures <= 100; failures++ {
		if waits := longest(failures); waits < grown/4 {
			t.Fatalf("After 16 failures in a row the pause is %v, and after %d it is %v: it has begun anew. To bound the number of doublings is to take the smaller of two numbers. The rest of a division goes back to nothing.", grown, failures, waits)
		}
	}
	for _, days := range []time.Duration{200, 398} {
		lifetime, early := days*24*time.Hour, time.Duration(0)
		for failures := 1; failures <= 64; failures++ {
			pause := time.Duration(0)
			for range 20 {
				pause = max(pause, Pause(failures, lifetime, lifetime/3))
			}
			if early = max(early, pause); pause < early/4 {
				t.Fatalf("A leaf of %d days, with a third of that left: after %d failures in a row the pause is %v, and it was %v before. The doubling has overflowed: a `time.Duration` ends at 292 years, and so does a product of a long lifetime and of a number of doublings that is well for a short one. Bound the doublings further, or stop when the bound is reached.", days, failures, pause, early)
			}
		}
	}
}

// trying says how long a pause is, and whether there was a panic.
func trying(failures int) (pause time.Duration, panicked bool) {
	defer func() { panicked = recover() != nil }()
	return Pause(failures, time.Hour, 0), false
}

// Nor is it hammered after the end.
func TestAfterTheEndItIsNotHammeredEither(t *testing.T) {
	defer stop(t)
	for _, leaf := range lifetimes {
		waited, tries := time.Duration(0), 0
		for waited < leaf.length/3 && tries < many {
			tries++
			waited += max(0, min(Pause(30+tries, leaf.length, 0), leaf.length))
		}
		if tries > enoughAfter {
			t.Fatalf("A leaf of %s has expired, and the authority stays away for another third of the lifetime: %d%s tries of one agent. The whole fleet has expired with it, so the authority meets all of them whenever it comes back, and goes down again. After the end, let the pause be a part of the lifetime: there is nothing left of which it could be one.", leaf.name, tries, orMore(tries))
		}
	}
}

// The last try comes shortly before the end.
func TestTheLastTryComesShortlyBeforeTheEnd(t *testing.T) {
	defer stop(t)
	aTryFollowsItsReturn(t, 981, 995)
}

func orMore(tries int) string {
	if tries < many {
		return ""
	}
	return " or more"
}

// stop turns a panic of the answer into a failure of this check alone.
func stop(t *testing.T) {
	if said := recover(); said != nil {
		t.Fatal(lab.Panicked(said))
	}
}
