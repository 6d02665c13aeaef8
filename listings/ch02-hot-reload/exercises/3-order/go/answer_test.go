package answer

// What is wanted of Reload. Each test is a check, and its comment says what has to hold.
//
// The checks hold up the first reload until the second one has ended or waits, so that the two meet in the same way each time.

import (
	"bytes"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"answer/lab"
)

// Patience is how long a check waits for what a right answer brings at once.
var Patience = 5 * time.Second

// files hold a serial, and remember which serials have been read.
type files struct {
	lock   sync.Mutex
	serial string
	were   []string
}

func (f *files) write(serial string) {
	f.lock.Lock()
	defer f.lock.Unlock()
	f.serial = serial
}

func (f *files) read() string {
	f.lock.Lock()
	defer f.lock.Unlock()
	f.were = append(f.were, f.serial)
	return f.serial
}

func (f *files) wereRead(serial string) bool {
	f.lock.Lock()
	defer f.lock.Unlock()
	for _, were := range f.were {
		if were == serial {
			return true
		}
	}
	return false
}

// task is a reload on a goroutine of its own.
type task struct {
	goroutine []byte
	// A panic of the answer is handed over.
	ended chan any
}

func begin(store *Store, read func() string) *task {
	begun := make(chan []byte)
	task := &task{ended: make(chan any, 1)}
	go func() {
		defer func() {
			said := recover()
			if said != nil {
				said = lab.Panicked(said)
			}
			task.ended <- said
		}()
		begun <- goroutine()
		store.Reload(read)
	}()
	task.goroutine = <-begun
	return task
}

// goroutine is what a dump calls the one that asks: "goroutine 7 [".
func goroutine() []byte {
	dump := make([]byte, 64)
	dump = dump[:runtime.Stack(dump, false)]
	return dump[:bytes.IndexByte(dump, '[')+1]
}

// waits says whether the task is held up by a lock, a channel or a clock.
func (task *task) waits() bool {
	return task.heldBy("sync.", "semacquire", "chan ", "select", "sleep")
}

// heldBy says whether one of these holds the task up.
func (task *task) heldBy(kinds ...string) bool {
	dump := make([]byte, 1<<20)
	for {
		length := runtime.Stack(dump, true)
		if length < len(dump) {
			dump = dump[:length]
			break
		}
		dump = make([]byte, 2*len(dump))
	}
	_, after, _ := bytes.Cut(dump, task.goroutine)
	state, _, _ := bytes.Cut(after, []byte("]"))
	for _, kind := range kinds {
		if strings.HasPrefix(string(state), kind) {
			return true
		}
	}
	return false
}

// over says whether the task ended before the time was over. A panic of the answer is passed on.
func (task *task) over(bound time.Time) bool {
	select {
	case said := <-task.ended:
		task.ended <- nil
		if said != nil {
			panic(said)
		}
		return true
	case <-time.After(time.Until(bound)):
		return len(task.ended) > 0
	}
}

// settled waits until the task has ended, or waits for something. It says whether that was so in time.
func (task *task) settled() bool {
	for bound := time.Now().Add(Patience); time.Now().Before(bound); {
		if task.over(time.Now().Add(time.Millisecond)) || task.waits() {
			return true
		}
	}
	return false
}

// What one reload reads is served, under the next number.
func TestWhatWasReadIsServed(t *testing.T) {
	defer stop(t)
	store, files := New("1001"), &files{serial: "1002"}
	held := store.Current()
	store.Reload(files.read)
	files.write("1003")
	store.Reload(files.read)
	if *held != (Generation{Number: 1, Serial: "1001"}) {
		t.Fatalf("A connection held generation 1 with 1001, and after two reloads it holds %s as generation %d: `Reload` has written over what is in use. A generation is a snapshot that nothing changes: make another one, and replace the pointer.", held.Serial, held.Number)
	}
	if served := *store.Current(); served != (Generation{Number: 3, Serial: "1003"}) {
		t.Fatalf("After two reloads, 1003 is served as generation 3, and now it is %s as generation %d. When `Reload` returns, what it has read is served.", served.Serial, served.Number)
	}
}

// A reload that was slow does not overtake a later one, and the later one is not dropped.
func TestASlowReloadDoesNotOvertakeALaterOne(t *testing.T) {
	defer stop(t)
	store, files := New("1001"), &files{serial: "1002"}
	hasRead, goOn := make(chan struct{}), make(chan struct{})
	first := begin(store, func() string {
		serial := files.read()
		close(hasRead)
		<-goOn
		return serial
	})
	select {
	case <-hasRead:
	case said := <-first.ended:
		if said != nil {
			t.Fatal(said)
		}
		t.Fatal("`Reload` has to call `read`, and it returned without.")
	}
	first.settled()
	if first.over(time.Now()) {
		t.Fatal("The first reload returned while `read` was still reading: its caller believes that the files are served.")
	}
	files.write("1003")
	second := begin(store, files.read)
	rests := second.settled()
	// Who waits for a lock does so without a clock.
	mayGiveUp := second.heldBy("chan ", "select", "sleep")
	early := second.over(time.Now()) && store.Current().Serial != "1003"
	close(goOn)
	if !rests {
		t.Fatalf("The first reload was reading, and the second one neither ended nor rested in %v: it asks again and again whether it is its turn, and keeps a processor busy for as long as a file server hangs. A lock and a channel wake up the one whose turn it is.", Patience)
	}
	bound := time.Now().Add(Patience)
	if !first.over(bound) || !second.over(bound) {
		t.Fatalf("The first reload could go on, and %v later the two had not ended: they wait for each other, or one looks every so often whether it is its turn, while older files are served. A lock wakes up the one whose turn it is.", Patience)
	}
	if !files.wereRead("1003") {
		t.Fatal("The files have held 1003 since before the second reload began, and they were never read again. 1002 is served until something triggers again. A reload that finds another one running has to wait for its turn.")
	}
	if early {
		t.Fatal("The second reload returned while the first was still reading, and 1003 was not served yet: its caller believes that the files are served. It has left its work to the first, and whether that comes to it is not known. Wait until it is done.")
	}
	if served := store.Current().Serial; served != "1003" {
		t.Fatalf("The files hold 1003, and %s is served: the older files won. The first reload read 1002 and was slow; the second read 1003 and published it; then the first published what it had read.", served)
	}
	if mayGiveUp {
		anHourIsWaited(t)
	}
	rollback(t)
	threeAreAsGoodAsTwo(t)
	anotherStoreWaitsForNobody(t)
	aPanicHoldsUpNoOther(t)
	aPanicTakesNothingWithIt(t)
	oneThatHasBegunMayNeverEnd(t)
	twoThatMeetHaveTwoNumbers(t)
	handedOver(t)
}

// handedOver: a reload that waits is given the lock at the moment at which the one before lets it go, and runs at once. So does a
// `sync.Mutex` for one that has waited for longer than a millisecond and was passed by when it was woken.
func handedOver(t *testing.T) {
	for range 3 {
		store, reads := New("0"), atomic.Int64{}
		read := func() string { return strconv.FormatInt(reads.Add(1), 10) }
		slow := func() string {
			serial := read()
			time.Sleep(2 * time.Millisecond)
			return serial
		}
		ended, both := make(chan struct{}, 2), true
		runs := func(reads ...func() string) {
			defer func() {
				_ = recover()
				ended <- struct{}{}
			}()
			for _, read := range reads {
				store.Reload(read)
			}
		}
		lab.OneAtATime(func() {
			// It comes back at once, and so passes by the other.
			go runs(slow, slow)
			runtime.Gosched()
			go runs(read)
			for bound, left := time.After(Patience), 2; both && left > 0; left-- {
				select {
				case <-ended:
				case <-bound:
					both = false
				}
			}
		})
		if !both {
			t.Fatalf("One reload followed another, a third came meanwhile, and %v later they had not ended: they wait for each other.", Patience)
		}
		if served, last := store.Current().Serial, strconv.FormatInt(reads.Load(), 10); served != last {
			t.Fatalf("Three reloads met. The last that read the files has read %s, and %s is served: what was read earlier was published later. To read and to publish is one step, so the lock is released when both are done. Between a lock that is released and the line behind it, another reload may read and publish.", last, served)
		}
	}
}

// twoThatMeetHaveTwoNumbers: each snapshot has a number of its own, whichever of the two is published first.
func twoThatMeetHaveTwoNumbers(t *testing.T) {
	store, files := New("1001"), &files{serial: "1002"}
	hasRead, goOn := make(chan struct{}), make(chan struct{})
	first := begin(store, func() string {
		serial := files.read()
		close(hasRead)
		<-goOn
		return serial
	})
	<-hasRead
	files.write("1003")
	served := make(chan int, 16)
	second := begin(store, func() string {
		served <- store.Current().Number
		return files.read()
	})
	second.settled()
	close(goOn)
	bound := time.Now().Add(Patience)
	if !first.over(bound) || !second.over(bound) || len(served) == 0 {
		t.Fatalf("The first reload could go on, and %v later the two had not ended, or the second had not read: they wait for each other.", Patience)
	}
	before, now := <-served, store.Current()
	if now.Number != before+1 {
		t.Fatalf("When the second reload read the files, generation %d was served. Now it is %s, as generation %d. Two reloads met, and each took its number before it had its turn, or published when it had let go of the lock: the log speaks of one generation, and clients hold two certificates. Count up from what is served at the moment of publishing.", before, now.Serial, now.Number)
	}
}

// anHourIsWaited: a file server hangs for an hour, in virtual time, and a reload waits for another as long.
func anHourIsWaited(t *testing.T) {
	waited := make(chan bool)
	go synctest.Test(t, func(t *testing.T) {
		store, files, ended := New("1001"), &files{serial: "1003"}, atomic.Bool{}
		go store.Reload(func() string {
			time.Sleep(time.Hour)
			return "1002"
		})
		synctest.Wait()
		go func() {
			store.Reload(files.read)
			ended.Store(true)
		}()
		time.Sleep(time.Hour - time.Second)
		gaveUp := ended.Load()
		time.Sleep(time.Minute)
		waited <- !gaveUp && files.wereRead("1003")
		// An answer may have a goroutine that goes on, and virtual time must not end before it.
		<-waited
	})
	select {
	case well := <-waited:
		if !well {
			t.Fatal("The first reload took an hour, and the second gave up before that. The files had changed, and were never read again: 1002 is served until something triggers again. A reload that waits for its turn waits until it has it.")
		}
	case <-time.After(4 * Patience):
		t.Fatalf("The first reload took an hour of virtual time, and that did not pass in %v: something keeps a processor busy.", 4*Patience)
	}
}

// aPanicHoldsUpNoOther: read panics, as in a server that recovers, and the next reload goes on.
func aPanicHoldsUpNoOther(t *testing.T) {
	store, files := New("1001"), &files{serial: "1002"}
	first := begin(store, func() string { panic("the check's own") })
	select {
	case <-first.ended:
	case <-time.After(Patience):
		t.Fatalf("`read` panicked, and %v later its reload had not ended.", Patience)
	}
	if served := *store.Current(); served != (Generation{Number: 1, Serial: "1001"}) {
		t.Fatalf("`read` panicked, and read nothing. 1001 was served as generation 1, and now it is %q as generation %d.", served.Serial, served.Number)
	}
	second := begin(store, files.read)
	if !second.over(time.Now().Add(Patience)) {
		t.Fatalf("`read` panicked, and the server went on, as `net/http` does. The next reload has waited for its turn for %v: the lock is still held. `defer` releases it on each way out.", Patience)
	}
	if served := store.Current().Serial; served != "1002" {
		t.Fatalf("`read` panicked. The next reload read 1002, and %s is served.", served)
	}
	if number := store.Current().Number; number != 2 {
		t.Fatalf("`read` panicked, and the next reload served 1002, as generation %d. Nothing was served in between, so this is generation 2: by a number that is left out, the log says that something was. Count up from what is served, when the files have been read.", number)
	}
}

// aPanicTakesNothingWithIt: read panics while another reload waits for its turn.
func aPanicTakesNothingWithIt(t *testing.T) {
	store, files := New("1001"), &files{serial: "1003"}
	hasBegun, goOn := make(chan struct{}), make(chan struct{})
	first := begin(store, func() string {
		close(hasBegun)
		<-goOn
		panic("the check's own")
	})
	<-hasBegun
	second := begin(store, files.read)
	second.settled()
	close(goOn)
	select {
	case <-first.ended:
	case <-time.After(Patience):
		t.Fatalf("`read` panicked, and %v later its reload had not ended.", Patience)
	}
	if ended := second.over(time.Now().Add(Patience)); !ended || store.Current().Serial != "1003" {
		t.Fatalf("A second reload came while the first was reading, and then the `read` of the first panicked. The second has to read as if the first had never been (ended: %v), and %s is served in place of 1003. What one reload leaves to another is lost with it.", ended, store.Current().Serial)
	}
}

// oneThatHasBegunMayNeverEnd: the read of the second of two panics, and what the first has read is served.
func oneThatHasBegunMayNeverEnd(t *testing.T) {
	store, files := New("1001"), &files{serial: "1002"}
	hasRead, goOn := make(chan struct{}), make(chan struct{})
	first := begin(store, func() string {
		serial := files.read()
		close(hasRead)
		<-goOn
		return serial
	})
	<-hasRead
	fails := make(chan struct{})
	second := begin(store, func() string {
		<-fails
		panic("the check's own")
	})
	second.settled()
	close(fails)
	close(goOn)
	bound := time.Now().Add(Patience)
	ended := first.over(bound)
	select {
	case <-second.ended:
	case <-time.After(time.Until(bound)):
		ended = false
	}
	if served := store.Current().Serial; !ended || served != "1002" {
		t.Fatalf("A second reload came while the first was reading, and the `read` of the second panicked. The first has read 1002 (both have ended: %v), and %s is served, and nothing triggers again. That another reload has begun later does not say that it comes to its end. What was read is out of date when something newer is served, and not before.", ended, served)
	}
}

// anotherStoreWaitsForNobody: two stores have nothing to do with each other.
func anotherStoreWaitsForNobody(t *testing.T) {
	one, other, files := New("1001"), New("1001"), &files{serial: "1002"}
	hasRead, goOn := make(chan struct{}), make(chan struct{})
	first := begin(one, func() string {
		close(hasRead)
		<-goOn
		return files.read()
	})
	<-hasRead
	ended := begin(other, files.read).over(time.Now().Add(Patience))
	close(goOn)
	first.settled()
	if !ended {
		t.Fatalf("A reload of one store was slow, and that of another store waited for it for %v. The lock belongs into the store: a variable of the package is one for all.", Patience)
	}
}

// threeAreAsGoodAsTwo: the files change once more while the first of those that waited reads them.
func threeAreAsGoodAsTwo(t *testing.T) {
	store, files := New("1001"), &files{serial: "1002"}
	hasRead, goOn, laterGoesOn := make(chan struct{}), make(chan struct{}), make(chan struct{})
	first := begin(store, func() string {
		serial := files.read()
		close(hasRead)
		<-goOn
		return serial
	})
	<-hasRead
	files.write("1003")
	var lock sync.Mutex
	isFirst := true
	// Whichever of the two reads first is slow, and the files change behind it.
	read := func() string {
		lock.Lock()
		serial, slow := files.read(), isFirst
		if isFirst = false; slow {
			files.write("1004")
		}
		lock.Unlock()
		if slow {
			<-laterGoesOn
		}
		return serial
	}
	others := []*task{begin(store, read), begin(store, read)}
	settle := func() {
		for range 20 {
			for _, other := range others {
				other.settled()
			}
		}
	}
	settle()
	close(goOn)
	bound := time.Now().Add(Patience)
	ended := first.over(bound)
	settle()
	close(laterGoesOn)
	if !ended || !others[0].over(bound) || !others[1].over(bound) {
		t.Fatalf("Three reloads ran at once, all of them could go on, and %v later one of them had not ended.", Patience)
	}
	if served := store.Current().Serial; served != files.were[len(files.were)-1] {
		t.Fatalf("Three reloads ran at once, and read %s in this order. %s is served. When the first had ended, the two that had waited for it went on together: one has to wait for the other, and to ask again whether it is its turn when it is woken.", strings.Join(files.were, ", "), served)
	}
}

// rollback has two slow reloads, and the files go back to what they held long ago.
func rollback(t *testing.T) {
	store, files := New("1002"), &files{serial: "1003"}
	slow := func() (*task, chan struct{}) {
		goOn := make(chan struct{})
		reload := begin(store, func() string {
			serial := files.read()
			<-goOn
			return serial
		})
		reload.settled()
		return reload, goOn
	}
	first, firstGoesOn := slow()
	files.write("1001")
	second, secondGoesOn := slow()
	bound := time.Now().Add(Patience)
	close(firstGoesOn)
	ended := first.over(bound)
	close(secondGoesOn)
	if !ended || !second.over(bound) {
		t.Fatalf("Both reloads could go on, and %v later they had not ended: they wait for each other.", Patience)
	}
	if served := store.Current().Serial; served != "1001" {
		t.Fatalf("The files held 1003, and hold 1001 again: a rollback. %s is served. The second reload was slow as well, and ended last. What counts is which read began later. A serial does not say that, nor does the generation that was current before.", served)
	}
}

// stop turns a panic of the answer into a failure of this check alone.
func stop(t *testing.T) {
	if said := recover(); said != nil {
		t.Fatal(lab.Panicked(said))
	}
}
