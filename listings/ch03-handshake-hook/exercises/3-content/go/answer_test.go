package answer

// What is wanted of Poll. Each test is a check, and its comment says what has to hold.

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"answer/lab"
)

// bench is two files with a content each, and a poll that has looked at them.
type bench struct {
	t                *testing.T
	certificate, key string
	poll             *Poll
}

func begin(t *testing.T) *bench {
	folder := t.TempDir()
	b := &bench{t: t, certificate: filepath.Join(folder, "tls.crt"), key: filepath.Join(folder, "tls.key")}
	b.write(b.certificate, "certificate 1001")
	b.write(b.key, "key 1001")
	poll, err := Start([]string{b.certificate, b.key})
	if err != nil {
		t.Fatalf("Both files are there, and `Start` returned: %v.", err)
	}
	b.poll = poll
	return b
}

func (b *bench) changed() bool {
	b.t.Helper()
	changed, err := b.poll.Changed()
	if err != nil {
		b.t.Fatalf("Both files are there, and `Changed` returned: %v.", err)
	}
	return changed
}

func (b *bench) write(file, content string) {
	must(b.t, os.WriteFile(file, []byte(content), 0o600))
}

func (b *bench) date(file string) time.Time {
	about, err := os.Stat(file)
	must(b.t, err)
	return about.ModTime()
}

// A change is told once.
func TestAChangeIsToldOnce(t *testing.T) {
	defer stop(t)
	b := begin(t)
	if b.changed() {
		t.Fatal("Nothing was written, and the first `Changed` is `true`.")
	}
	later := b.date(b.certificate).Add(time.Minute)
	b.write(b.certificate, "certificate 1002")
	must(t, os.Chtimes(b.certificate, later, later))
	if !b.changed() {
		t.Fatal("The certificate was replaced, and `Changed` is `false`.")
	}
	if b.changed() {
		t.Fatal("The certificate was replaced once, and `Changed` is `true` a second time. After each look, remember what was seen.")
	}
}

// A file that is older than the one before is a change, as `mv`, `tar` and a backup bring it.
func TestAnOlderFileIsAChange(t *testing.T) {
	defer stop(t)
	b := begin(t)
	b.write(b.certificate, "certificate 1000")
	must(t, os.Chtimes(b.certificate, time.Unix(1, 0), time.Unix(1, 0)))
	if !b.changed() {
		t.Fatal("An older file was put back, with its date of long ago, and `Changed` is `false`: newer than is not different from.")
	}
}

// A new date alone is no change.
func TestANewDateAloneIsNoChange(t *testing.T) {
	defer stop(t)
	b := begin(t)
	later := b.date(b.certificate).Add(time.Minute)
	must(t, os.Chtimes(b.certificate, later, later))
	if b.changed() {
		t.Fatal("The certificate was touched: its date is new, and its content the same as before. `Changed` is `true`. A generation that differs in nothing throws away the sessions of the one before.")
	}
}

// Two writes within one tick of the clock leave the same date, and are a change.
func TestARewriteWithinOneTickIsAChange(t *testing.T) {
	defer stop(t)
	b := begin(t)
	before := b.date(b.certificate)
	b.write(b.certificate, "certificate 1002")
	must(t, os.Chtimes(b.certificate, before, before))
	if !b.changed() {
		t.Fatal("The certificate was replaced within the tick of the clock in which it was first written. Date and length are those of before, and the content is not; `Changed` is `false`.")
	}
}

// Each of the files counts.
func TestEachFileCounts(t *testing.T) {
	defer stop(t)
	b := begin(t)
	b.write(b.key, "key 1002")
	if !b.changed() {
		t.Fatal("The key was replaced, a moment after its certificate had been, and `Changed` is `false`. A torn pair is mended only if the second file is looked at as well.")
	}
	b.write(b.certificate, "certificate 1003")
	b.write(b.key, "key 1003")
	if first, second := b.changed(), b.changed(); !first || second {
		t.Fatalf("Certificate and key were replaced, and then nothing. Two calls of `Changed` returned %v and %v, which has to be once `true`. A look that stops at the first difference finds the second one at the next look. Read all files, and compare then.", first, second)
	}
	long := strings.Repeat("x", 100_000)
	for _, each := range []struct {
		what          string
		before, after [2]string
	}{
		{"Certificate and key have changed places", [2]string{"one", "two"}, [2]string{"two", "one"}},
		{"What was the end of the certificate is now the beginning of the key", [2]string{"one", "two"}, [2]string{"on", "etwo"}},
		{"Two bytes of the certificate have changed places", [2]string{"1029", "two"}, [2]string{"1092", "two"}},
		{"One byte of a file that is no text is another one", [2]string{"\xff", "two"}, [2]string{"\xfe", "two"}},
		{"The certificate was truncated, and is empty", [2]string{"one", "two"}, [2]string{"", "two"}},
		{"A line break was added to the end of the certificate", [2]string{"one", "two"}, [2]string{"one\n", "two"}},
		{"The line breaks of the certificate are those of another system", [2]string{"one\none\n", "two"}, [2]string{"one\r\none\r\n", "two"}},
		{"The last byte of a file of 100 kB is another one", [2]string{long, "two"}, [2]string{long[1:] + "y", "two"}},
		{"A byte in the middle of a file of 100 kB is another one", [2]string{long, "two"}, [2]string{long[:50_000] + "y" + long[50_001:], "two"}},
	} {
		for _, held := range [][2]string{each.before, each.after} {
			b.write(b.certificate, held[0])
			b.write(b.key, held[1])
			if !b.changed() && held == each.after {
				t.Fatalf("%s, and `Changed` is `false`. Compare each file with what that file held before: all bytes of it, and no other file's.", each.what)
			}
		}
	}
	for _, number := range []int{1, 4} {
		howeverManyThereAre(t, number)
	}
	whatIsOpenedIsClosed(t)
	whateverTheyAreCalled(t)
}

// whatIsOpenedIsClosed: a clock asks again and again, and a process may open so many files and no more.
func whatIsOpenedIsClosed(t *testing.T) {
	const looks, many = 60, 12
	for _, when := range []string{"both files are there", "the key is missing"} {
		b := begin(t)
		if when == "the key is missing" {
			must(t, os.Remove(b.key))
		}
		for look := range looks {
			_, _ = b.poll.Changed()
			// What no code can reach any more is closed at some time, when memory is tidied.
			if open := b.open(); open >= many {
				t.Fatalf("`Changed` was called %d times (%s), and the process has %d of its files open. A function that opens a file closes it, on each way out: `defer file.Close()`, in a function that reads one file. A poll that leaves them open ends in `too many open files`, and then nothing reads the next renewal. `os.ReadFile` closes what it opens.", look+1, when, open)
			}
		}
	}
}

// open says how many times this process has one of the two files open, where the system tells.
func (b *bench) open() int {
	numbers, _ := os.ReadDir("/proc/self/fd")
	open := 0
	for _, number := range numbers {
		if file, err := os.Readlink("/proc/self/fd/" + number.Name()); err == nil && (file == b.certificate || file == b.key) {
			open++
		}
	}
	return open
}

// whateverTheyAreCalled: two secrets are two directories, and the files in both have the same names.
func whateverTheyAreCalled(t *testing.T) {
	folder := t.TempDir()
	files := []string{filepath.Join(folder, "server", "tls.crt"), filepath.Join(folder, "client", "tls.crt")}
	for _, file := range files {
		must(t, os.Mkdir(filepath.Dir(file), 0o700))
		must(t, os.WriteFile(file, []byte("before"), 0o600))
	}
	poll, err := Start(files)
	must(t, err)
	for _, file := range files {
		must(t, os.WriteFile(file, []byte("after"), 0o600))
		if changed, err := poll.Changed(); err != nil || !changed {
			t.Fatalf("Two directories have a file `tls.crt` each. That of `%s` was replaced, and `Changed` returned %v, with the error %v. What two files held is remembered for both: a file is known by its whole path, or by its place in the list, and not by its name.", filepath.Base(filepath.Dir(file)), changed, err)
		}
	}
}

// howeverManyThereAre: a server has a list of trust anchors beside its pair, or one file for all.
func howeverManyThereAre(t *testing.T, number int) {
	defer func() {
		if recover() != nil {
			t.Fatalf("How many files there are, `Start` is told. Here the number is %d, all of them are there, and the answer panicked.", number)
		}
	}()
	folder := t.TempDir()
	var files []string
	for name := range number {
		files = append(files, filepath.Join(folder, string(rune('a'+name))+".pem"))
		must(t, os.WriteFile(files[name], []byte("before"), 0o600))
	}
	poll, err := Start(files)
	if err != nil {
		t.Fatalf("How many files there are, `Start` is told. Here the number is %d, all of them are there, and it returned %v.", number, err)
	}
	for name, file := range files {
		must(t, os.WriteFile(file, []byte("after"), 0o600))
		if changed, err := poll.Changed(); err != nil || !changed {
			t.Fatalf("How many files there are, `Start` is told. Of %d files, the one of number %d was replaced, and `Changed` returned %v, with the error %v.", number, name+1, changed, err)
		}
	}
}

// A missing file is an error, and what was remembered stays.
func TestAMissingFileIsAnErrorAndForgetsNothing(t *testing.T) {
	defer stop(t)
	b := begin(t)
	must(t, os.Remove(b.key))
	if changed, err := b.poll.Changed(); err == nil {
		t.Fatalf("The key is missing, and `Changed` returned %v and no error. The watcher that called it has to log the reason.", changed)
	}
	b.write(b.key, "key 1001")
	if b.changed() {
		t.Fatal("The key was missing for a moment, and came back the same as before. `Changed` is `true`: an error must not change what is remembered.")
	}
	b.write(b.certificate, "certificate 1002")
	must(t, os.Remove(b.key))
	_, _ = b.poll.Changed()
	b.write(b.key, "key 1001")
	if !b.changed() {
		t.Fatal("The certificate was replaced, and at that look the key was missing. Then the key came back the same as before, and `Changed` is `false`: the new certificate was remembered at the look that failed, and the caller was not told of it. Remember all, or nothing.")
	}
	must(t, os.Remove(b.key))
	must(t, os.Mkdir(b.key, 0o700))
	if changed, err := b.poll.Changed(); err == nil {
		t.Fatalf("A directory stands where the key belongs, so it is there and cannot be read, and `Changed` returned %v and no error. A file that is missing is one of many that cannot be read: return the error, whichever it is.", changed)
	}
	must(t, os.Remove(b.key))
	if _, err := Start([]string{b.certificate, b.key}); err == nil {
		t.Fatal("The key is missing, and `Start` returned no error. What it remembers is no look at the files: a server that begins so never says that it has no key.")
	}
}

// stop turns a panic of the answer into a failure of this check alone.
func stop(t *testing.T) {
	if said := recover(); said != nil {
		t.Fatal(lab.Panicked(said))
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
