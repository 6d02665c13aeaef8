package answer

// What is wanted of Serve. Each test is a check, and its comment says what has to hold.
//
// Client and server are two ends in memory, and the clock is virtual: it jumps to the next timer when nothing can go on.

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"answer/lab"
)

const grace = 30 * time.Second

// begun is a server with one client. Each request waits until finish lets one of them go on.
type begun struct {
	t      *testing.T
	client *http.Transport
	// near is the client's end.
	near   net.Conn
	due    chan struct{}
	finish chan struct{}
	// came has how many requests have reached the server. Nothing runs while it is read.
	came  int
	ended chan ended
	grace time.Duration
}

// ended is how the server's end ended, and when; or what it panicked with.
type ended struct {
	end      End
	at       time.Time
	panicked any
}

// check runs a check under a clock of its own.
func check(t *testing.T, what func(*begun)) { checkWith(t, grace, what) }

// checkWith is the same with another grace period.
func checkWith(t *testing.T, grace time.Duration, what func(*begun)) {
	defer func() {
		// Where the check has said what is wrong, what the answer left behind is not to drown it out.
		said := recover()
		if said == nil || t.Failed() {
			return
		}
		if strings.Contains(fmt.Sprint(said), "blocked goroutines remain") {
			t.Fatal("The connection is over, the check has asked for no more, and a goroutine that the answer has started still waits: for `due`, perhaps, which comes a day later or never. A server collects one of them with each connection that has ended. Wait for both in one `select`, or give that goroutine a second channel that ends it.")
		}
		t.Fatal(said)
	}()
	synctest.Test(t, func(t *testing.T) {
		what(begin(t, grace))
	})
}

func begin(t *testing.T, grace time.Duration) *begun {
	near, far := net.Pipe()
	bench := &begun{t: t, near: near, due: make(chan struct{}), finish: make(chan struct{}), ended: make(chan ended, 1), grace: grace}
	bench.client = &http.Transport{Protocols: new(http.Protocols)}
	t.Cleanup(func() {
		// Ends whatever an answer has left behind, also what sleeps: the clock stands still when the check is over.
		close(bench.finish)
		bench.client.CloseIdleConnections()
		near.Close()
		far.Close()
		time.Sleep(time.Hour)
	})
	handler := func(answer http.ResponseWriter, _ *http.Request) {
		bench.came++
		<-bench.finish
		_, _ = answer.Write([]byte("whole"))
	}
	go func() {
		defer func() {
			if said := recover(); said != nil {
				bench.ended <- ended{panicked: lab.Panicked(said)}
			}
		}()
		end := Serve(far, http.HandlerFunc(handler), bench.due, grace)
		bench.ended <- ended{end: end, at: time.Now()}
	}()
	// One connection: where it is not to be used any more, the client has no other.
	dials := 0
	bench.client.Protocols.SetUnencryptedHTTP2(true)
	bench.client.DialContext = func(context.Context, string, string) (net.Conn, error) {
		if dials++; dials > 1 {
			return nil, errors.New("the client was asked to leave")
		}
		return near, nil
	}
	synctest.Wait()
	select {
	case ended := <-bench.ended:
		bench.ended <- ended
		bench.outcome()
		t.Fatal("A client has connected, nothing is due, and `Serve` has ended.")
	default:
	}
	return bench
}

// outcome is how the server's end ended, and when. Its panic is one of this check.
func (bench *begun) outcome() (End, time.Time) {
	bench.t.Helper()
	select {
	case ended := <-bench.ended:
		if ended.panicked != nil {
			bench.t.Fatal(ended.panicked)
		}
		return ended.end, ended.at
	case <-time.After(time.Hour):
		bench.t.Fatalf("The connection was due an hour ago, the grace period is %v, and the connection is still open: one request does not come to its end. A client that never ends must not keep a connection. Bound the wait: no grace at all is a bound as well.", bench.grace)
		return "", time.Time{}
	}
}

// request begins a request. What comes of it: nothing, or why it was not answered.
func (bench *begun) request() <-chan error {
	said := make(chan error, 1)
	go func() {
		request, _ := http.NewRequest("GET", "http://localhost/", nil)
		answer, err := bench.client.RoundTrip(request)
		if err == nil {
			answer.Body.Close()
		}
		said <- err
	}()
	synctest.Wait()
	return said
}

// isDue: the connection has to go from now on.
func (bench *begun) isDue() time.Time {
	close(bench.due)
	now := time.Now()
	// Two looks of the server at its connections, and GOAWAY is on its way.
	time.Sleep(time.Second)
	synctest.Wait()
	return now
}

func (bench *begun) answered(said <-chan error) error {
	select {
	case err := <-said:
		return err
	case <-time.After(time.Hour):
		return errors.New("no answer for an hour")
	}
}

// A request that has reached the server is answered.
func TestWhatHasBegunIsFinished(t *testing.T) {
	check(t, func(bench *begun) {
		request := bench.request()
		if bench.came != 1 {
			bench.t.Fatal("A client sent a request, nothing is due, and the request has not reached the server.")
		}
		bench.isDue()
		select {
		case bench.finish <- struct{}{}:
		case <-time.After(time.Second):
		}
		if err := bench.answered(request); err != nil {
			bench.t.Fatalf("A request had reached the server when the connection was due, and it needed a second more. The client got: %v. What has begun is finished, as long as the grace period lasts: wait for it, also after the client was asked to leave.", err)
		}
	})
}

// A client that is asked to leave begins nothing more.
func TestTheClientIsAskedToLeave(t *testing.T) {
	check(t, func(bench *begun) {
		first := bench.request()
		bench.isDue()
		second := bench.request()
		came := bench.came
		for range came {
			bench.finish <- struct{}{}
			synctest.Wait()
		}
		if err := bench.answered(second); came != 1 || err == nil {
			bench.t.Fatal("The connection was due, and the client began another request on it, which has reached the server. The client does not know that it has to leave, so it stays as long as it has something to ask. HTTP/2 tells it with GOAWAY, which `Shutdown` sends.")
		}
		if err := bench.answered(first); err != nil {
			bench.t.Fatalf("The request that had begun before was not answered: %v.", err)
		}
	})
}

// A client that has nothing open leaves at once.
func TestAnIdleClientLeavesAtOnce(t *testing.T) {
	check(t, func(bench *begun) {
		request := bench.request()
		bench.finish <- struct{}{}
		if err := bench.answered(request); err != nil {
			bench.t.Fatalf("Nothing was due, and a request was not answered: %v.", err)
		}
		due := bench.isDue()
		end, at := bench.outcome()
		if took := at.Sub(due); end != Whole || took >= grace {
			bench.t.Fatalf("A client had no request open when its connection was due. The connection was open for %v more, and ended as %q. Once it has GOAWAY, an idle client leaves by itself, and the connection is over.", took, end)
		}
	})
}

// A request that does not come to its end is cut at the deadline.
func TestWhatTakesLongerThanTheGracePeriodIsCut(t *testing.T) {
	for _, grace := range []time.Duration{grace, 4 * grace, 1500 * time.Millisecond, 0} {
		checkWith(t, grace, func(bench *begun) {
			request := bench.request()
			time.Sleep(24 * time.Hour)
			due := bench.isDue()
			end, at := bench.outcome()
			if took := at.Sub(due); end != Cut || took < grace || took > grace+time.Second {
				bench.t.Fatalf("A request did not come to its end. After a day the connection was due, and the grace period of %v begins then; the connection was over after %v, and ended as %q. It has to be cut at the deadline, and said to be. How long the grace period is, `Serve` is told, and zero is a time as each other one.", grace, took, end)
			}
			// If it goes on in the background, it gets its answer now.
			select {
			case bench.finish <- struct{}{}:
			case <-time.After(time.Second):
			}
			if bench.answered(request) == nil {
				bench.t.Fatal("The connection was said to be cut, and the request was answered after that. `Shutdown` returns at the deadline, and cuts nothing: the server goes on until `Close`.")
			}
		})
	}
}

// A client that leaves by itself is not cut.
func TestAClientThatLeavesByItselfIsWhole(t *testing.T) {
	check(t, func(bench *begun) {
		request := bench.request()
		bench.finish <- struct{}{}
		err := bench.answered(request)
		bench.client.CloseIdleConnections()
		if end, _ := bench.outcome(); end != Whole || err != nil {
			bench.t.Fatalf("A client asked once and left; nothing was due. Its request: %v. The connection ended as %q.", err, end)
		}
	})
}

// A client that vanishes with a request open was not cut.
func TestAClientThatVanishesWasNotCut(t *testing.T) {
	for _, when := range []string{"and nothing was due", "in the grace period"} {
		check(t, func(bench *begun) {
			bench.request()
			if when == "in the grace period" {
				bench.isDue()
			}
			now := time.Now()
			bench.near.Close()
			end, at := bench.outcome()
			if took := at.Sub(now); end != Whole || took >= grace {
				bench.t.Fatalf("A client vanished with a request open, as one that crashes, %s. `Serve` returned %v later, and said %q. The server has cut nothing: `Cut` says that the deadline came first. What counts is the connection, and it is over: no client waits for the answer any more.", when, took, end)
			}
		})
	}
}

// Clients do not wait for each other.
func TestClientsDoNotWaitForEachOther(t *testing.T) {
	check(t, func(first *begun) {
		first.request()
		second := begin(first.t, grace)
		request := second.request()
		if second.came != 1 {
			first.t.Fatal("One client has a request open, and that of another client did not reach the server. What `Serve` holds while it serves one client must not be needed for the next.")
		}
		second.finish <- struct{}{}
		if err := second.answered(request); err != nil {
			first.t.Fatalf("One client has a request open, and that of another client was not answered: %v.", err)
		}
	})
}
