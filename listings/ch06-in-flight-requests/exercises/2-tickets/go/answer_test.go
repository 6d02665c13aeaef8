package answer

// What is wanted of Workers. Each test is a check, and its comment says what has to hold.

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"answer/lab"
)

const count = 4

// begin has four workers.
func begin() *Workers { return beginWith(count) }

func beginWith(number int) *Workers {
	return New(number, &tls.Config{Certificates: []tls.Certificate{lab.Root("Root A").Leaf(x509.ExtKeyUsageServerAuth)}})
}

var versions = map[uint16]string{tls.VersionTLS12: "TLS 1.2", tls.VersionTLS13: "TLS 1.3"}

// client keeps one session, with this version of TLS.
func client(version uint16) *tls.Config {
	return &tls.Config{
		RootCAs:            lab.Pool(lab.Root("Root A")),
		ServerName:         "localhost",
		MaxVersion:         version,
		ClientSessionCache: tls.NewLRUClientSessionCache(1),
	}
}

// resumes says whether the client resumes an earlier session at this worker.
func resumes(workers *Workers, client *tls.Config, worker int) bool {
	state, err := lab.Call(workers.Config(worker), client)
	if err != nil {
		panic(fmt.Sprintf("A handshake at worker %d failed: %v.", worker, err))
	}
	return state.DidResume
}

// No worker opens a ticket of before.
func TestNoWorkerOpensATicketOfBefore(t *testing.T) {
	defer stop(t)
	for version, name := range versions {
		workers := begin()
		// The keys leak a second time: those of the first time must not come back.
		for _, time := range []string{"", " for the second time"} {
			// A client of its own for each worker: one that is turned down takes a new session.
			var clients [count]*tls.Config
			for worker := range clients {
				clients[worker] = client(version)
				resumes(workers, clients[worker], 0)
				if time == "" && !resumes(workers, clients[worker], 1) {
					t.Fatalf("Nothing was discarded, and a client (%s) that comes from one worker to another does not resume.", name)
				}
			}
			workers.Discard()
			resumed := []int{}
			for worker, client := range clients {
				if resumes(workers, client, worker) {
					resumed = append(resumed, worker)
				}
			}
			if len(resumed) > 0 {
				t.Fatalf("All sessions were discarded%s, and at the workers %v of 0 to %d a client (%s) still resumed one of before. What opens sessions has to go at each worker: the ticket keys. A `Clone` has those of its original, each key in the list opens tickets, and a key that is the same each time is none.", time, resumed, count-1, name)
			}
		}
	}
}

// New sessions are resumed at each worker, as before.
func TestNewSessionsAreResumedAtEachWorker(t *testing.T) {
	defer stop(t)
	workers := begin()
	workers.Discard()
	for version, name := range versions {
		client := client(version)
		resumes(workers, client, 0)
		full := []int{}
		for worker := range count {
			if !resumes(workers, client, worker) {
				full = append(full, worker)
			}
		}
		if len(full) > 0 {
			t.Fatalf("All sessions were discarded, and then a client (%s) came to worker 0 and took a new one. It came back to each worker in turn; those that did not resume: %v. A client meets any worker next time, so all of them have to open the new sessions: one key for all.", name, full)
		}
	}
}

// Sessions that began after the first discard are discarded by the second.
func TestASecondDiscardIsLikeTheFirst(t *testing.T) {
	defer stop(t)
	workers := begin()
	workers.Discard()
	returning := client(tls.VersionTLS13)
	resumes(workers, returning, 0)
	workers.Discard()
	if resumes(workers, returning, 0) {
		t.Fatal("The keys leaked a second time, and a client resumed the session that it began between the two discards. The second `Discard` has to make keys of its own.")
	}
	whatIsDiscardedStaysDiscarded(t)
	nobodyElseHasTheKeys(t)
	norHasTheNextProcess(t)
	noKeyComesTwice(t)
	howeverManyWorkersThereAre(t)
}

// howeverManyWorkersThereAre: one, and seven.
func howeverManyWorkersThereAre(t *testing.T) {
	for _, number := range []int{1, 7} {
		workers, returning := beginWith(number), client(tls.VersionTLS13)
		resumes(workers, returning, 0)
		workers.Discard()
		if resumes(workers, returning, number-1) {
			t.Fatalf("A server has %d of these workers. `Discard` was called, and the last of them still resumed a session of before. How many there are, `New` was told: go through all of them.", number)
		}
	}
}

// nobodyElseHasTheKeys: another server runs the same program, and discards as often and at the same moment.
func nobodyElseHasTheKeys(t *testing.T) {
	var servers [2]*Workers
	config := &tls.Config{Certificates: []tls.Certificate{lab.Root("Root A").Leaf(x509.ExtKeyUsageServerAuth)}}
	// In here the clock stands still.
	synctest.Test(t, func(*testing.T) {
		for number := range servers {
			servers[number] = New(count, config)
			servers[number].Discard()
		}
	})
	returning := client(tls.VersionTLS13)
	resumes(servers[0], returning, 0)
	if resumes(servers[1], returning, 0) {
		t.Fatal("Two servers run the same program, and have discarded their sessions once, at the same moment. A client of the one resumed its session at the other: both have made the same key. A key that comes from a count, from a clock or from the program's text can be made by any program that knows these, and opens every ticket. `rand.Read` of `crypto/rand` makes one that no other program knows.")
	}
}

// norHasTheNextProcess: a server is started again, and discards as often as the one before. Then two servers begin with one key, as if
// one of them had stolen it, and discard.
func norHasTheNextProcess(t *testing.T) {
	tickets := lab.EachProcess(t, []string{"web-0", "web-1"}, func(string) string {
		workers := begin()
		workers.Discard()
		return sealed(workers) + " " + afterAKnownKey()
	})
	drawn, fromKnown, _ := strings.Cut(tickets[0], " ")
	drawnAgain, fromKnownAgain, _ := strings.Cut(tickets[1], " ")
	if drawn == drawnAgain {
		t.Fatal("Two processes run the same program, and have discarded their sessions once. Both have sealed the same session, and the tickets are the same: so is the key. A generator of `math/rand` that begins with a fixed seed draws the same numbers in each process, and an attacker who has the program draws them too. `rand.Read` of `crypto/rand` makes a key that no other program knows.")
	}
	if fromKnown == fromKnownAgain {
		t.Fatal("Two servers began with the same key, as if one of them had stolen the other's. Both discarded their sessions, and both have the same key again: it was made from the one before. A thief of the old key makes the new one in the same way, and opens every ticket. Draw the whole key anew: `rand.Read` of `crypto/rand`.")
	}
}

// afterAKnownKey is a ticket of a server that began with a key that is known, and has discarded it.
func afterAKnownKey() string {
	// What draws is one for the whole process.
	if !lab.Alone() {
		return ""
	}
	config := &tls.Config{Certificates: []tls.Certificate{lab.Root("Root A").Leaf(x509.ExtKeyUsageServerAuth)}}
	drawn := rand.Reader
	rand.Reader = zeros{}
	workers := New(count, config)
	rand.Reader = drawn
	workers.Discard()
	return sealed(workers)
}

// sealed is a ticket of which all but the key is the same each time.
func sealed(workers *Workers) string {
	config := workers.Config(0).Clone()
	config.Rand = zeros{}
	return hex.EncodeToString(lab.Must(config.EncryptTicket(tls.ConnectionState{}, &tls.SessionState{})))
}

// noKeyComesTwice: what is drawn at random is drawn again as soon as there is little of it.
func noKeyComesTwice(t *testing.T) {
	workers, seen := beginWith(1), map[string]bool{}
	for number := range 1500 {
		workers.Discard()
		ticket := sealed(workers)
		if seen[ticket] {
			t.Fatalf("`Discard` was called %d times, and the last of the keys had been there before. Of such a key little is drawn, and the rest is always the same: a thief tries all that there are. Fill all 32 bytes with `rand.Read` of `crypto/rand`.", number+1)
		}
		seen[ticket] = true
	}
}

// zeros are no random bytes at all.
type zeros struct{}

func (zeros) Read(into []byte) (int, error) {
	clear(into)
	return len(into), nil
}

// whatIsDiscardedStaysDiscarded: a client comes back after several discards.
func whatIsDiscardedStaysDiscarded(t *testing.T) {
	workers := begin()
	// One that is turned down takes a new session, so each discard has a client of its own.
	var clients [4]*tls.Config
	for number := range clients {
		clients[number] = client(tls.VersionTLS13)
		resumes(workers, clients[number], 0)
	}
	for number, client := range clients {
		workers.Discard()
		if resumes(workers, client, 0) {
			t.Fatalf("A client has a session of the beginning. All sessions were discarded %d times since, and it resumed. What was discarded stays so: each `Discard` makes keys that were never used before.", number+1)
		}
	}
}

// All else that a worker is configured with goes on.
func TestAllElseGoesOn(t *testing.T) {
	defer stop(t)
	config := begin().Config(0).Clone()
	config.NextProtos = []string{"h2"}
	config.ClientAuth = tls.RequireAndVerifyClientCert
	workers := New(count, config)
	workers.Discard()
	for worker := range count {
		if protocols := workers.Config(worker).NextProtos; len(protocols) != 1 {
			t.Fatalf("The workers were configured for HTTP/2, and after `Discard` worker %d agrees on %d protocols by ALPN. A configuration that is made anew begins with the library's defaults. Clone the one that is there, and change what opens sessions.", worker, len(protocols))
		}
		if asks := workers.Config(worker).ClientAuth; asks != tls.RequireAndVerifyClientCert {
			t.Fatalf("The workers ask each client for a certificate, and after `Discard` worker %d has ClientAuth %v: a client without one is let in. Nothing failed and nothing was logged. Clone the configuration that is there: what it asks of clients is in it.", worker, asks)
		}
	}
}

// stop turns a panic of the answer into a failure of this check alone.
func stop(t *testing.T) {
	if said := recover(); said != nil {
		t.Fatal(lab.Panicked(said))
	}
}
