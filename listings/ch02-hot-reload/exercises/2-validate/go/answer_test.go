package answer

// What is wanted of Reload. Each test is a check, and its comment says what has to hold.

import (
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"answer/lab"
)

var (
	errMissing = errors.New("tls.key: no such file")
	errEarly   = errors.New("the certificate is valid from tomorrow")
)

// begin is a store that serves 1001.
func begin() *Store {
	store := &Store{}
	store.Current.Store(&Generation{Number: 1, Pair: &Pair{Serial: "1001"}})
	return store
}

// shown is the serial that a client is shown at this moment.
func (store *Store) shown() string {
	if current := store.Current.Load(); current != nil && current.Pair != nil {
		return current.Pair.Serial
	}
	return "nothing"
}

// holding reads files that hold this.
func holding(serial string) func() (*Pair, error) {
	return func() (*Pair, error) { return &Pair{Serial: serial}, nil }
}

func valid(*Pair) error { return nil }

// A valid pair is served, as the next generation.
func TestWhatIsValidIsServedAsTheNextGeneration(t *testing.T) {
	defer stop(t)
	store := begin()
	before := store.Current.Load()
	number, err := Reload(store, holding("1002"), valid)
	if shown := store.shown(); shown != "1002" {
		t.Fatalf("The files hold 1002, which is valid, and clients are shown %s.", shown)
	}
	if err != nil || number != 2 || store.Current.Load().Number != 2 {
		t.Fatalf("The second generation has the number 2. `Reload` returned %d and %v, and %d is served.", number, err, store.Current.Load().Number)
	}
	if before.Number != 1 || before.Pair.Serial != "1001" {
		t.Fatalf("A connection held the generation before, which was number 1 with 1001, and is now number %d with %s: it was written over while it was in use. Make another generation, and swap the pointer.", before.Number, before.Pair.Serial)
	}
	if number, err := Reload(store, holding("1003"), valid); err != nil || number != 3 || store.Current.Load().Number != 3 {
		t.Fatalf("The third generation has the number 3. `Reload` returned %d and %v, and %d is served.", number, err, store.Current.Load().Number)
	}
	if number, err := Reload(store, holding("1001"), valid); err != nil || number != 4 || store.shown() != "1001" {
		t.Fatalf("1003 was served, and now the files hold 1001 again, as in a rollback. It is valid, and the fourth generation. `Reload` returned %d and %v, and clients are shown %s. What is valid is served, be it newer or older: `validate` says which pairs are not, and a serial does not.", number, err, store.shown())
	}
	another := &Pair{Serial: "1001"}
	number, err = Reload(store, func() (*Pair, error) { return another, nil }, valid)
	if err != nil || number != 5 || store.Current.Load().Pair != another {
		t.Fatalf("1001 was served, and now the files hold a pair of another authority, whose serial is 1001 as well. It is valid, and the fifth generation. `Reload` returned %d and %v, and clients are shown the pair of before. A serial counts within one authority, and does not say whether something has changed: what is valid is served, whatever its serial is.", number, err)
	}
	empty, said := &Store{}, any(nil)
	func() {
		defer func() { said = recover() }()
		_, err = Reload(empty, holding("1004"), valid)
	}()
	if said != nil || err != nil || empty.Current.Load() == nil {
		t.Fatalf("A store that serves nothing yet holds `nil`. The first valid pair is its generation 1; `Reload` returned %v, and panicked with %v.", err, said)
	}
}

// Files that cannot be read change nothing, not even while they are read.
func TestFilesThatCannotBeReadChangeNothing(t *testing.T) {
	defer stop(t)
	store, meanwhile := begin(), ""
	missing := func() (*Pair, error) {
		meanwhile = store.shown()
		return nil, errMissing
	}
	_, err := Reload(store, missing, func(*Pair) error {
		panic("Nothing could be read, and `validate` was called.")
	})
	for when, shown := range map[string]string{"while the files were read": meanwhile, "afterwards": store.shown()} {
		if shown != "1001" {
			t.Fatalf("A file was missing, and %s clients were shown %s in place of 1001: without a pair, every handshake fails. The old pair stays where it is until the new one can take its place.", when, shown)
		}
	}
	if err == nil {
		t.Fatal("A file was missing, and `Reload` returned no error.")
	}
	if !errors.Is(err, errMissing) {
		t.Fatalf("A file was missing, and `Reload` returned %v: the operator who asked needs the reason that `read` gave. Return that error as it is, or wrap it by `%%w`: of one that was made into text, `errors.Is` does not find what it was.", err)
	}
	aPanicIsNoSuccess(t, "read", func() (*Pair, error) { panic("the check's own") }, valid)
}

// While a pair is being validated, clients are shown the one before.
func TestWhatIsNotValidatedIsNotServed(t *testing.T) {
	defer stop(t)
	store, meanwhile := begin(), ""
	_, err := Reload(store, holding("1002"), func(pair *Pair) error {
		meanwhile = store.shown()
		if pair == nil || pair.Serial != "1002" {
			t.Fatal("What has to be validated is the pair that was read, and `validate` was given another one.")
		}
		return errEarly
	})
	if meanwhile != "1001" {
		t.Fatalf("While the files were being validated, clients were shown %s in place of 1001. It is valid from tomorrow, so each of these clients refused it. To take it back afterwards is too late for them.", meanwhile)
	}
	if shown := store.shown(); shown != "1001" {
		t.Fatalf("1002 is valid from tomorrow, and clients are shown %s in place of 1001. A reason that is logged stops nothing: return it before the swap.", shown)
	}
	if !errors.Is(err, errEarly) {
		t.Fatalf("1002 is valid from tomorrow, and `Reload` returned %v: the operator who asked needs the reason. Return that error as it is, or wrap it by `%%w`.", err)
	}
	empty := &Store{}
	_, err = Reload(empty, holding("1002"), func(*Pair) error { return errEarly })
	if shown := empty.shown(); err == nil || shown != "nothing" {
		t.Fatalf("Nothing was served yet, the files hold a pair that is valid from tomorrow, and clients are shown %s. A pair that clients refuse is no better than none, and the operator who started the server is not told.", shown)
	}
	aPanicIsNoSuccess(t, "validate", holding("1002"), func(*Pair) error { panic("the check's own") })
	whatWasValidatedIsServed(t)
	aClientNeverFindsNothing(t)
}

// A rejected pair uses up no number.
func TestARejectedPairUsesUpNoNumber(t *testing.T) {
	defer stop(t)
	store := begin()
	_, _ = Reload(store, holding("1002"), func(*Pair) error { return errEarly })
	number, err := Reload(store, holding("1003"), valid)
	if number != 2 || err != nil {
		t.Fatalf("A pair was rejected, and the one after it is the second that is served. It has the number 2, and `Reload` returned %d and %v. A number that rises without a change makes the log lie.", number, err)
	}
	norHasAnyNumberTwoPairs(t)
}

// norHasAnyNumberTwoPairs: an operator reloads by hand while the watcher's reload is under way. One that waits for the other is as good.
func norHasAnyNumberTwoPairs(t *testing.T) {
	store, numbers := begin(), make(chan int, 2)
	quick := func() {
		defer func() { _ = recover() }()
		number, _ := Reload(store, holding("1003"), valid)
		numbers <- number
	}
	over := make(chan struct{})
	first, err := Reload(store, holding("1002"), func(*Pair) error {
		go func() {
			defer close(over)
			quick()
		}()
		// Where it waits, it goes on when this one has ended.
		select {
		case <-over:
		case <-time.After(time.Second):
		}
		return nil
	})
	select {
	case <-over:
	case <-time.After(time.Minute):
	}
	numbers <- first
	if second, served := <-numbers, store.Current.Load().Number; err != nil || first+second != 5 || first == second || served != 3 {
		t.Fatalf("While one pair was being validated, another reload came. `Reload` returned %d and %v for the first of the two and %d for the second, and generation %d is served: two pairs have one number, and the log does not say which of them a client holds. Take the number when the pair is valid, from what is served then.", first, err, second, served)
	}
}

// aClientNeverFindsNothing: clients come all the time, and one pair follows the other. A client counts that has come in the midst of a
// `Reload`, and one of each: where the old pair is gone for a while in there, it takes few of them to meet one that finds nothing.
func aClientNeverFindsNothing(t *testing.T) {
	const enough = 100
	store, steps, over := begin(), atomic.Int64{}, atomic.Bool{}
	clients, nothing := make(chan int, 1), atomic.Bool{}
	go func() {
		inside, last := 0, int64(0)
		for inside < enough && !over.Load() {
			before := steps.Load()
			isNothing := store.shown() == "nothing"
			switch after := steps.Load(); {
			case isNothing:
				nothing.Store(true)
				over.Store(true)
			case before%2 == 1 && before == after && before != last:
				inside, last = inside+1, before
				// On one processor, the other goes on.
				runtime.Gosched()
			}
		}
		over.Store(true)
		clients <- inside
	}()
	// Clients end it: on one processor, and beside other tests, some come in each second. The bound is for a machine that stands still, since Go ends all tests after a minute.
	for bound := time.Now().Add(30 * time.Second); !over.Load(); {
		for i := 0; i < 1000 && !over.Load(); i++ {
			steps.Add(1)
			_, _ = Reload(store, holding("1002"), valid)
			steps.Add(1)
		}
		if time.Now().After(bound) {
			over.Store(true)
		}
	}
	if inside := <-clients; nothing.Load() {
		t.Fatalf("One valid pair followed the other, and client %d was shown nothing: it came when the old pair was gone and the new one was not there yet, and its handshake failed. One `Store` puts the new one in the place of the old.", inside+1)
	}
}

// whatWasValidatedIsServed: the files hold another pair as soon as they were read.
func whatWasValidatedIsServed(t *testing.T) {
	store, reads := begin(), 0
	_, err := Reload(store, func() (*Pair, error) {
		reads++
		return &Pair{Serial: map[bool]string{true: "1002", false: "1003"}[reads == 1]}, nil
	}, valid)
	if shown := store.shown(); err != nil || shown != "1002" || reads != 1 {
		t.Fatalf("The files held 1002, which is valid, and hold 1003 a moment later, which was never validated. They were read %d times, clients are shown %s, and `Reload` returned %v. Read once: what was validated is what is served.", reads, shown, err)
	}
}

// aPanicIsNoSuccess: the caller believes that the files are served.
func aPanicIsNoSuccess(t *testing.T, name string, read func() (*Pair, error), validate func(*Pair) error) {
	store := begin()
	number, err := 0, error(nil)
	panicked := func() (said any) {
		defer func() { said = recover() }()
		number, err = Reload(store, read, validate)
		return nil
	}()
	if shown := store.shown(); shown != "1001" || (panicked == nil && err == nil) {
		t.Fatalf("`%s` panicked. `Reload` returned %d and the error %v, and clients are shown %s: the caller believes that the files are served, and are valid. What is recovered has to be returned as an error, or not to be recovered at all.", name, number, err, shown)
	}
}

// stop turns a panic of the answer into a failure of this check alone.
func stop(t *testing.T) {
	if said := recover(); said != nil {
		t.Fatal(lab.Panicked(said))
	}
}
