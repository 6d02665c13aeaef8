package answer

// What is wanted of Agent. Each test is a check, and its comment says what has to hold.
//
// For most checks the agents of a fleet share this process. The last one gives each machine a process of its own.
// Lots are lots: the bounds are so wide that fair ones miss them less than once in a thousand million runs.

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"answer/lab"
)

var lifetimes = []struct {
	length time.Duration
	name   string
}{{24 * time.Hour, "24 hours"}, {time.Hour, "an hour"}}

const (
	machines = 1000
	renewals = 8
)

// fleet starts together: for each machine, after which parts of their lifetimes its leaves are renewed.
func fleet(lifetime time.Duration) (fleet [machines][renewals]float64) {
	for number := range fleet {
		// The number stands at the end, or a name is one of several that begin alike, or end alike.
		name := fmt.Sprintf("web-%d", number)
		if lifetime == time.Hour {
			name = fmt.Sprintf("web-%d.rack-%d.example.com", number%20, number/20)
		}
		agent := New(name)
		for renewal := range fleet[number] {
			fleet[number][renewal] = float64(agent.Due(lifetime)) / float64(lifetime)
		}
	}
	return fleet
}

// piece says into which of so many equal pieces of the spread this part falls.
func piece(part float64, pieces int) int {
	within := (part-At)/Spread + 0.5
	return max(0, min(int(within*float64(pieces)), pieces-1))
}

// pieces says how many of the fleet fall into each of so many equal pieces of the spread at this renewal.
func pieces(fleet [machines][renewals]float64, renewal, pieces int) []int {
	counts := make([]int, pieces)
	for _, machine := range fleet {
		counts[piece(machine[renewal], pieces)]++
	}
	return counts
}

// Each renewal falls within the spread.
func TestEachRenewalFallsWithinTheSpread(t *testing.T) {
	defer stop(t)
	// A rounding error is no fault.
	from, to := At-Spread/2-1e-9, At+Spread/2+1e-9
	for _, leaf := range lifetimes {
		for _, machine := range fleet(leaf.length) {
			for _, part := range machine {
				if part < from || part > to {
					t.Fatalf("A renewal is due after %.4f of the lifetime, which is %s. The spread is a tenth of it, around two thirds: after %.4f at the earliest, and %.4f at the latest. An alarm is derived from that (chapter 7).", part, leaf.name, from, to)
				}
			}
		}
	}
	// The authority may shorten the lifetime, and lengthen it again.
	agent := New("web-1")
	for _, lifetime := range []time.Duration{24 * time.Hour, time.Hour, 24 * time.Hour} {
		due := agent.Due(lifetime)
		if part := float64(due) / float64(lifetime); part < from || part > to {
			t.Fatalf("One agent was asked for a leaf of 24 hours, then for one of an hour, then for one of 24 hours again: authorities change their lifetimes. The one that lives for %.0f s is due after %.0f s. Each time, `Due` is given the lifetime of the next leaf: what was given before is of another leaf.", lifetime.Seconds(), due.Seconds())
		}
	}
}

// Each renewal draws anew.
func TestEachRenewalDrawsAnew(t *testing.T) {
	defer stop(t)
	for _, leaf := range lifetimes {
		same := 0
		for _, machine := range fleet(leaf.length) {
			differs := func(part float64) bool { return math.Abs(part-machine[0]) > 1e-9 }
			if slices.ContainsFunc(machine[:], differs) {
				continue
			}
			// One agent in thousands draws the same by chance, where lots are few.
			if same++; same > machines/100 {
				t.Fatalf("An agent renewed %d leaves, and was due after %.4f of the lifetime each time. Two agents that ask their authority at one moment do so at every renewal from then on, and one with a small lot renews more often than the others forever. Let `Due` draw, and calculate with `float64` to the end: `time.Duration` is a whole number, and `time.Duration(lot)` is 0 for every lot below 1.", renewals, machine[0])
			}
		}
	}
}

// A fleet that started together renews apart, at the first renewal and at each later one.
func TestAFleetThatStartedTogetherRenewsApart(t *testing.T) {
	defer stop(t)
	for _, leaf := range lifetimes {
		fleet := fleet(leaf.length)
		for renewal := range renewals {
			busiest := slices.Max(pieces(fleet, renewal, 100))
			if busiest > 50 {
				t.Fatalf("Leaves of %s: at renewal number %d, %d of %d agents are due within the same hundredth of the spread; ten would be its share. They were started in the same second, from the same image. With one seed for all, and with the time of the start as the seed, each draws the same lot; and lots that are rounded to whole minutes are the same for many. Machines are called `web-7`, or `web-7.rack-12.example.com`: take the whole name.", leaf.name, renewal+1, busiest, machines)
			}
		}
		moments := map[float64]bool{}
		for _, machine := range fleet {
			moments[machine[0]] = true
		}
		// In whole seconds there are about 944.
		if leaf.length == 24*time.Hour && len(moments) < machines*9/10 {
			t.Fatalf("Leaves of %s: at the first renewal, %d agents are due at %d different moments, though the spread has 8,640 s. A lot that is one of a hundred, and a moment that is rounded to whole minutes, makes as many crowds, and each of them grows with the fleet: draw as finely as a `float64` does.", leaf.name, machines, len(moments))
		}
		alike := map[[renewals]float64]int{}
		for _, parts := range fleet {
			if alike[parts]++; alike[parts] > 1 {
				t.Fatalf("Leaves of %s: two of %d agents are due at the same moments, at each of %d renewals and at all that follow. They draw from one seed. With the time of the start as the seed, this happens to all that start in the same millisecond.", leaf.name, machines, renewals)
			}
		}
	}
}

// Agents that came at the same moment once do not come together ever after.
func TestWhoCameTogetherOnceParts(t *testing.T) {
	defer stop(t)
	for _, leaf := range lifetimes {
		fleet := fleet(leaf.length)
		at := func(machine, renewal int) int { return piece(fleet[machine][renewal], 100) }
		together, again := 0, 0
		for one := range machines {
			for other := range one {
				if at(other, 0) == at(one, 0) {
					together++
					if at(other, 1) == at(one, 1) {
						again++
					}
				}
			}
		}
		if again*5 > together {
			t.Fatalf("%d pairs of agents are due within the same hundredth of the spread at their first renewal, and %d of these pairs at the second one, too. A clash of two comes back at every renewal: each moves on by the same step. A lot that is drawn anew forgets the one before.", together, again)
		}
	}
}

// The whole spread is used, evenly.
func TestTheWholeSpreadIsUsedEvenly(t *testing.T) {
	defer stop(t)
	for _, leaf := range lifetimes {
		fleet := fleet(leaf.length)
		for renewal := range renewals {
			for piece, count := range pieces(fleet, renewal, 10) {
				if count < 30 {
					t.Fatalf("%d of %d agents are due in the %d. tenth of the spread at renewal number %d; a hundred would be its share. What is left unused makes the rest of the spread busier.", count, machines, piece+1, renewal+1)
				}
			}
		}
	}
}

// Machines that run the same program, each in a process of its own, draw apart.
func TestEachProcessDrawsLotsOfItsOwn(t *testing.T) {
	defer stop(t)
	drawn := lab.EachProcess(t, []string{"web-0", "web-1"}, func(machine string) string {
		agent, lifetime := New(machine), lifetimes[0].length
		var parts []string
		for range renewals {
			parts = append(parts, fmt.Sprintf("%.6f", float64(agent.Due(lifetime))/float64(lifetime)))
		}
		return strings.Join(parts, ", ")
	})
	if drawn[0] == drawn[1] {
		t.Fatalf("The program was started twice, for the machines web-0 and web-1, and both are due after the same parts of their lifetimes: %s. What the agents of one process share (a generator, a count) tells those of one process apart, and begins in each process anew, with the same seed: a thousand machines are a thousand processes. The seed has to be another one on each machine.", drawn[0])
	}
}

// stop turns a panic of the answer into a failure of this check alone.
func stop(t *testing.T) {
	if said := recover(); said != nil {
		t.Fatal(lab.Panicked(said))
	}
}
