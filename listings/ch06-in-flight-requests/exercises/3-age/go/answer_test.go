package answer

// What is wanted of Ages. Each test is a check, and its comment says what has to hold.

import (
	"math"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"answer/lab"
)

// jitter is a tenth: of an hour, six minutes.
const (
	jitter = 0.1
	first  = 54 * time.Minute
)

// seed is a number such as servers draw: the same in each run of these checks.
func seed(number uint64) uint64 {
	// splitmix64.
	drawn := number * 0x9e3779b97f4a7c15
	drawn = (drawn ^ drawn>>30) * 0xbf58476d1ce4e5b9
	drawn = (drawn ^ drawn>>27) * 0x94d049bb133111eb
	return drawn ^ drawn>>31
}

// ofOneServer has the ages of the connections 1 to 1,000 of one server.
func ofOneServer() []time.Duration {
	server := New(time.Hour, jitter, seed(1))
	ages := make([]time.Duration, 1000)
	for number := range ages {
		ages[number] = server.Of(uint64(number + 1))
	}
	return ages
}

// crowd says how many of 1,000 clients come back in the busiest second, and in the emptiest of the six minutes.
func crowd(ages []time.Duration) (second, minute int) {
	seconds, minutes := map[int64]int{}, make([]int, 6)
	for _, age := range ages {
		seconds[int64(age/time.Second)]++
		minutes[max(0, min(int((age-first)/time.Minute), 5))]++
	}
	for _, count := range seconds {
		second = max(second, count)
	}
	return second, slices.Min(minutes)
}

// No connection is older than the limit when it is asked.
func TestNoneIsOlderThanTheLimit(t *testing.T) {
	defer stop(t)
	if oldest := slices.Max(ofOneServer()); oldest > time.Hour {
		t.Fatalf("The limit is an hour, and a connection is %v old when it is asked to leave. Operators rely on the limit: with the grace period on top of it, nothing that was decided in a handshake lasts longer. Jitter shortens a life, and never lengthens it.", oldest)
	}
}

// None is asked earlier than the jitter allows.
func TestNoneIsAskedEarlierThanTheJitterAllows(t *testing.T) {
	defer stop(t)
	if youngest := slices.Min(ofOneServer()); youngest < first-time.Millisecond {
		t.Fatalf("The jitter is a tenth of an hour, so that no connection is asked before it is 54 minutes old, and one is %v old.", youngest)
	}
}

// Clients that came together do not come back together.
func TestClientsThatCameTogetherComeBackOneByOne(t *testing.T) {
	defer stop(t)
	// Spread at random, three come back in a second. 30 would be a wonder, and so would 80 in a minute in place of 167.
	if second, minute := crowd(ofOneServer()); second > 30 || minute < 80 {
		t.Fatalf("A server was restarted, and 1,000 clients connected at once. Their connections have to go over six minutes, about three in each second. In the busiest second %d of them come back, and in the emptiest minute %d. Those that are asked together return together, and each needs a handshake. Each connection needs another share of the jitter, to the second and finer. (`time.Duration(share)` is 0 for every share below 1: multiply as `float64`.)", second, minute)
	}
	server := New(time.Hour, jitter, seed(1))
	var apart []time.Duration
	for number := range uint64(1000) {
		apart = append(apart, server.Of((number+1)*1000))
	}
	if second, minute := crowd(apart); second > 30 || minute < 80 {
		t.Fatalf("Clients connect all day, and 1,000 connections are open whose numbers are 1000, 2000 and so on. In the busiest second %d of them come back, and in the emptiest minute %d: a part of the number is left out, so that connections with the same rest share an age. The share follows from the whole number.", second, minute)
	}
}

// One connection has the same answer each time.
func TestOneConnectionHasTheSameAnswerEachTime(t *testing.T) {
	defer stop(t)
	server := New(time.Hour, jitter, 7)
	if first, second := server.Of(1), server.Of(1); first != second {
		t.Fatalf("A connection was asked for its age twice, and the answers are %v and %v. A server compares at each tick of a clock: drawn anew each time, the earliest draw wins, and all leave at the beginning of the jitter.", first, second)
	}
	first := server.Of(1)
	for connection := range uint64(30_000) {
		server.Of(connection + 2)
	}
	if again := server.Of(1); first != again {
		t.Fatalf("A connection was asked for its age. Then 30,000 others were, and then this one again: the answers are %v and %v. What was drawn was forgotten when there was too much to remember, and drawn anew. An age that follows from the seed and the connection need not be remembered.", first, again)
	}
	if remembers(server) && !lab.Orders(server) {
		t.Fatal("`Ages` remembers each age in a map, and nothing orders the goroutines of the connections, each of which asks for its age: where two write into a map at once, Go ends the whole process (`concurrent map writes`). Let the age follow from the seed and the connection: then there is nothing to remember, and nothing to lock.")
	}
}

// remembers says whether there is a map in the server that has as many entries as connections were asked.
func remembers(server *Ages) bool {
	fields := reflect.ValueOf(server).Elem()
	for number := range fields.NumField() {
		if field := fields.Field(number); field.Kind() == reflect.Map && field.Len() > 1000 {
			return true
		}
	}
	return false
}

// Servers that were started together do not empty together.
func TestServersThatStartedTogetherDiffer(t *testing.T) {
	defer stop(t)
	ages := make([]time.Duration, 1000)
	for number := range ages {
		ages[number] = New(time.Hour, jitter, seed(uint64(number+1))).Of(1)
	}
	if second, minute := crowd(ages); second > 30 || minute < 80 {
		t.Fatalf("1,000 servers were started together, each with a seed of its own. The first connection of each has to go over six minutes; in the busiest second %d of them go, and in the emptiest minute %d. The number of a connection is the same on each server. The seed is what differs.", second, minute)
	}
}

// Without jitter, the limit holds for all alike.
func TestWithoutJitterItIsTheLimit(t *testing.T) {
	defer stop(t)
	for _, limit := range []time.Duration{time.Hour, time.Hour / 2} {
		if age := New(limit, 0, 7).Of(1); age != limit {
			t.Fatalf("The jitter is 0 and the limit %v, and a connection is %v old when it is asked. The limit is the `maxAge` that `New` was given.", limit, age)
		}
	}
}

// The jitter is a part of the limit, whatever both of them are.
func TestTheJitterIsAPartOfTheLimit(t *testing.T) {
	defer stop(t)
	for _, given := range []struct {
		limit  time.Duration
		jitter float64
	}{{10 * time.Minute, 0.1}, {24 * time.Hour, 0.1}, {time.Hour, 0.5}} {
		server := New(given.limit, given.jitter, 7)
		earliest, latest := 2.0, 0.0
		for connection := range uint64(1000) {
			part := float64(server.Of(connection+1)) / float64(given.limit)
			earliest, latest = min(earliest, part), max(latest, part)
		}
		if earliest < 1-given.jitter-1e-6 || earliest > 1-given.jitter*0.9 || latest < 1-given.jitter*0.1 {
			t.Fatalf("The limit is %v and the jitter %.1f, so 1,000 connections have to go when between %.2f and 1.00 of the limit is over, and all of that time has to be used. The first goes after %.2f, and the last after %.2f. The jitter is the part of the limit that `New` was given.", given.limit, given.jitter, 1-given.jitter, earliest, latest)
		}
	}
	server, tenths := New(10*time.Second, jitter, 7), make([]int, 10)
	for connection := range uint64(1000) {
		late := server.Of(connection+1) - 9*time.Second
		tenths[max(0, min(int(late/(100*time.Millisecond)), 9))]++
	}
	// Spread at random, a hundred each.
	if busiest := slices.Max(tenths); busiest > 200 {
		t.Fatalf("The limit is ten seconds and the jitter a tenth of it, so 1,000 connections have to go over one second, about a hundred in each tenth of it. In the busiest tenth %d of them go. An age that is rounded to seconds has no jitter where that is short: a `time.Duration` counts nanoseconds.", busiest)
	}
}

// Each number can be drawn, and each can be that of a connection.
func TestNoNumberIsTooLarge(t *testing.T) {
	defer stop(t)
	for _, seed := range []uint64{0, math.MaxUint64} {
		for _, connection := range []uint64{0, math.MaxUint64} {
			if age := New(time.Hour, jitter, seed).Of(connection); age > time.Hour || age < first-time.Millisecond {
				t.Fatalf("A server has drawn %d as its seed, and connection %d is %v old when it is asked. A whole number that does not fit begins again from below, or is negative: look at both ends of its range.", seed, connection, age)
			}
		}
	}
	ofAConnectionNothingIsKept(t)
}

// many is as many connections as a busy server has in an hour.
const many = 400_000

// ofAConnectionNothingIsKept: none of them is heard of again. In a process of its own nothing else takes memory.
func ofAConnectionNothingIsKept(t *testing.T) {
	said := lab.EachProcess(t, []string{"a-server"}, func(string) string {
		server, before := New(time.Hour, jitter, 7), memory()
		for connection := range uint64(many) {
			server.Of(connection + 1)
		}
		grown := memory() - before
		runtime.KeepAlive(server)
		return strconv.FormatInt(grown, 10)
	})
	if grown, err := strconv.ParseInt(said[0], 10, 64); err != nil || grown > many*10 {
		t.Fatalf("A server was asked for the ages of %d connections, and took %s bytes more: something is remembered of each of them, and no call says when it may be forgotten. A function of the seed and the number has nothing to remember.", many, said[0])
	}
}

// memory is how many bytes are in use, and not merely waiting to be collected.
func memory() int64 {
	runtime.GC()
	var found runtime.MemStats
	runtime.ReadMemStats(&found)
	return int64(found.HeapAlloc)
}

// A longer jitter spreads them further.
func TestALongerJitterSpreadsThemFurther(t *testing.T) {
	defer stop(t)
	server := New(24*time.Hour, 0.5, 7)
	seconds := map[int64]bool{}
	for connection := range uint64(1000) {
		seconds[int64(server.Of(connection+1)/time.Second)] = true
	}
	// Spread at random, about 990.
	if len(seconds) < 950 {
		t.Fatalf("The limit is a day and the jitter a half of it, so 1,000 connections go over 43,200 s, nearly each of them in a second of its own. They go in %d different seconds. A share that is one of a hundred, or of a thousand, makes as many crowds, however long the jitter is.", len(seconds))
	}
}

// stop turns a panic of the answer into a failure of this check alone.
func stop(t *testing.T) {
	if said := recover(); said != nil {
		t.Fatal(lab.Panicked(said))
	}
}
