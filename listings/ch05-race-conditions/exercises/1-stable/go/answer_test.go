package answer

// What is wanted of Stable. Each test is a check, and its comment says what has to hold.
//
// A writer is played by what it leaves behind at each look, so it is at work for as long as a check wants.

import (
	"errors"
	"fmt"
	"testing"

	"answer/lab"
)

// left is what a writer has left behind: files with this content, so old in seconds, or no file.
type left struct {
	content  string
	modified int64
}

var nothing, closed, noKey, torn = left{"", -1}, left{"", -2}, left{"", -3}, left{"", -4}

// read looks while a writer leaves this behind at each look; the last stays forever. It returns what the files are said to
// hold, or the word for the reason, and how often they were looked at.
func read(t *testing.T, lefts ...left) (said string, looks int) {
	seen, err := Stable(func() (Seen, error) {
		left := lefts[min(looks, len(lefts)-1)]
		looks++
		if looks > Looks {
			t.Fatalf("The files were looked at for the %dth time: at most %d looks are wanted. A reader that looks until a writer rests may look forever, and everything else waits for it.", looks, Looks)
		}
		if left == nothing {
			// As os.Open does: each time another error that says the same.
			return Seen{}, fmt.Errorf("open tls.crt: %w", ErrMissing)
		}
		if left == noKey {
			return Seen{}, fmt.Errorf("open tls.key: %w", ErrMissing)
		}
		if left == torn {
			return Seen{}, fmt.Errorf("tls.crt: %w", ErrTorn)
		}
		if left == closed {
			return Seen{}, errors.New("open tls.crt: permission denied")
		}
		return Seen{[]byte(left.content), left.modified}, nil
	})
	switch {
	case errors.Is(err, ErrMissing):
		return "missing", looks
	case errors.Is(err, ErrTorn):
		return "torn", looks
	case err != nil:
		return fmt.Sprintf("the error `%v`, which is neither ErrMissing nor ErrTorn", err), looks
	}
	return string(seen.Content), looks
}

// Files that rest are read.
func TestFilesThatRestAreRead(t *testing.T) {
	defer stop(t)
	said, looks := read(t, left{"chain 1002, key 1002", 60})
	if said != "chain 1002, key 1002" {
		t.Fatalf("The files rest, and hold `chain 1002, key 1002`. The answer is `%s` (looks: %d).", said, looks)
	}
}

// A writer that is at work is waited for.
func TestAWriterAtWorkIsWaitedFor(t *testing.T) {
	defer stop(t)
	said, looks := read(t, left{"chain 10", 60}, left{"chain 1002, ke", 61}, left{"chain 1002, key 1002", 62})
	if said != "chain 1002, key 1002" {
		t.Fatalf("A writer was at work during the first looks, and then done. The answer is `%s` (looks: %d). One look cannot tell whether it came in the middle of a write, and a pause before it moves the moment and no more: a writer is as slow as its disk. What tells is whether two looks in a row agree.", said, looks)
	}
}

// Two looks that agree follow one another.
func TestLooksThatAgreeFollowOneAnother(t *testing.T) {
	defer stop(t)
	said, looks := read(t, left{"chain 1001, key 1001", 60}, left{"chain 1002, key 1001", 61}, left{"chain 1001, key 1001", 60}, left{"chain 1002, key 1002", 63})
	if said != "chain 1002, key 1002" {
		t.Fatalf("A writer put the old certificate back for a moment, with its date, so the third look saw what the first had seen, and something else had been there in between. The answer is `%s` (looks: %d). Files that rest look the same at two looks of which one follows the other.", said, looks)
	}
}

// Two looks within one tick of the clock are told apart.
func TestBytesAreComparedAndNotDates(t *testing.T) {
	defer stop(t)
	said, _ := read(t, left{"chain 1002", 60}, left{"chain 1002, ke", 60}, left{"chain 1002, key 1002", 60})
	if said != "chain 1002, key 1002" {
		t.Fatalf("A writer wrote several times within one tick of the clock, so the date stayed as it was. The answer is `%s`. Compare the bytes: dates miss what happens within one tick.", said)
	}
	said, _ = read(t, left{"chain 1001, key 1001", 60}, left{"chain 1002, key 1001", 60}, left{"chain 1002, key 1002", 60})
	if said != "chain 1002, key 1002" {
		t.Fatalf("A writer replaced the certificate and then the key, both by one of the same length and within one tick of the clock. The answer is `%s`. Date and length together miss this as well: compare the bytes.", said)
	}
}

// A file that is missing for a moment is waited for.
func TestAFileThatIsMissingForAMomentIsWaitedFor(t *testing.T) {
	defer stop(t)
	said, _ := read(t, left{"chain 1001, key 1001", 60}, nothing, left{"chain 1002, key 1002", 61})
	if said != "chain 1002, key 1002" {
		t.Fatalf("A writer removed a file and made it anew, and at one look it was missing. The answer is `%s`. One look that finds an error is no more to be believed than one that finds half a file: look again, and compare errors as well.", said)
	}
	said, _ = read(t, nothing, closed, left{"chain 1002, key 1002", 61})
	if said != "chain 1002, key 1002" {
		t.Fatalf("At one look a file was missing, and at the next one it was there and could not be read yet: two errors, and not the same. The answer is `%s`. Between the two looks a writer did something, so look again: errors agree where they say the same.", said)
	}
	said, _ = read(t, nothing, noKey, left{"chain 1002, key 1002", 61})
	if said != "chain 1002, key 1002" {
		t.Fatalf("At one look the certificate was missing, and at the next one it was there and the key was missing: a writer is making them anew. The answer is `%s`. Both errors are `ErrMissing`, and what they say is not the same: compare that.", said)
	}
	said, _ = read(t, nothing, left{"", 60}, left{"chain 1002, key 1002", 61})
	if said != "chain 1002, key 1002" {
		t.Fatalf("At one look a file was missing, and at the next one it was there and empty: a writer has just made it. The answer is `%s`. A look that finds an error and a look that finds nothing in the files do not agree, though neither has any content: compare the errors as well.", said)
	}
	for second, what := range map[left]string{nothing: "a file was missing", torn: "the files were torn"} {
		said, looks := read(t, left{"chain 1001, key 1001", 60}, second, left{"chain 1001, key 1001", 60}, left{"chain 1002, key 1002", 63})
		if said != "chain 1002, key 1002" {
			t.Fatalf("At the second look %s, and the third saw what the first had seen. The answer is `%s` (looks: %d). A look that finds an error is a look as well: the first and the third do not follow one another, and in between a writer was at work.", what, said, looks)
		}
	}
}

// Files that stay missing are an error.
func TestFilesThatStayMissingAreAnError(t *testing.T) {
	defer stop(t)
	said, _ := read(t, nothing)
	if said != "missing" {
		t.Fatalf("A file is missing at each look. Two looks agree on that, and the reason to tell is `missing`. The answer is `%s`. In Go, `==` asks whether two errors are one value, and each look makes another: compare what they say.", said)
	}
}

// A writer that does not rest has nothing published.
func TestAWriterThatDoesNotRestHasNothingPublished(t *testing.T) {
	defer stop(t)
	said, looks := read(t, left{"chain 1002", 60}, left{"chain 1002, ", 61}, left{"chain 1002, k", 62}, left{"chain 1002, ke", 63}, left{"chain 1002, key", 64}, left{"chain 1002, key 1002", 65})
	if said != "torn" {
		t.Fatalf("A writer was at work during each of %d looks, and the answer is `%s`. Half a file is not whole because the tries are used up. The reason is `torn`, the server goes on with what it has, and the next tick looks again.", looks, said)
	}
	said, _ = read(t, left{"chain 1001, key 1001", 60}, left{"chain 10", 61}, left{"chain 1002", 62}, left{"chain 1002, key", 63}, nothing)
	if said != "torn" {
		t.Fatalf("A writer was at work during each look, and at the last one a file was missing. The answer is `%s`. One look has found that, and no other agrees with it: what all looks together say is `torn`.", said)
	}
	one, other := left{"chain 1001, key 1001", 60}, left{"chain 1002, key 1001", 61}
	said, _ = read(t, one, other, one, other, one)
	if said != "torn" {
		t.Fatalf("Two writers were at work, and at each look the files were those of the other one. The answer is `%s`, though no two looks in a row have agreed. What was seen most often is no sign of rest, nor is what was seen at every other look.", said)
	}
}

// stop turns a panic of the answer into a failure of this check alone.
func stop(t *testing.T) {
	if said := recover(); said != nil {
		t.Fatal(lab.Panicked(said))
	}
}
