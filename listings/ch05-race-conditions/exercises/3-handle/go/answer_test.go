package answer

// What is wanted of Look. Each test is a check, and its comment says what has to hold.
//
// The files are real. A kubelet lays them and renews them, step by step, before whichever call the check wants.

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"answer/lab"
)

// of is what is in the files of a generation.
func of(generation int) [2]string {
	return [2]string{fmt.Sprint("certificate ", generation), fmt.Sprint("key ", generation)}
}

// write writes both files of a generation, as plain files.
func write(directory string, generation int) error {
	errs := []error{os.MkdirAll(directory, 0o700)}
	for number, name := range []string{"tls.crt", "tls.key"} {
		errs = append(errs, os.WriteFile(filepath.Join(directory, name), []byte(of(generation)[number]), 0o600))
	}
	return errors.Join(errs...)
}

// lay lays generation 1, as the kubelet does.
func lay(directory string) error {
	return errors.Join(
		write(filepath.Join(directory, "..1"), 1),
		os.Symlink("..1", filepath.Join(directory, "..data")),
		os.Symlink("..data/tls.crt", filepath.Join(directory, "tls.crt")),
		os.Symlink("..data/tls.key", filepath.Join(directory, "tls.key")),
	)
}

// renewal has the steps that put generation 2 in its place.
func renewal(directory string) []func() error {
	within := func(name string) string { return filepath.Join(directory, name) }
	return []func() error{
		func() error { return write(within("..2"), 2) },
		func() error { return os.Symlink("..2", within("..data_tmp")) },
		func() error { return os.Rename(within("..data_tmp"), within("..data")) },
		func() error { return os.RemoveAll(within("..1")) },
	}
}

// told is where the directory is, as an answer is told. The kernel of these checks knows it by this name alone, as it knows the files of another machine.
const told = "/the directory of the check"

// world is what an answer asks. Before the call of this number, so many steps of the renewal are taken.
type world struct {
	t             *testing.T
	directory     string
	before, steps int
	// again is the number of the call before which another renewal comes; none where it is 0.
	again int
	count int
	calls []string
	// fails says whether the first call of Open fails, for want of a descriptor.
	fails bool
	// worded says whether what is missing is said in the words of package fs, and not in those of this system.
	worded bool
}

// begin is a world whose files prepare has laid. Nothing comes before the call of the number -1.
func begin(t *testing.T, prepare func(string) error, before, steps int) *world {
	world := &world{t: t, directory: t.TempDir(), before: before, steps: steps}
	world.must(prepare(world.directory))
	return world
}

func (world *world) must(err error) {
	if err != nil {
		world.t.Fatalf("the bench itself: %v", err)
	}
}

func (world *world) renew(steps int) {
	for _, step := range renewal(world.directory)[:steps] {
		world.must(step())
	}
}

// generation3 lays generation 3 in the place of whichever is there.
func (world *world) generation3() {
	within := func(name string) string { return filepath.Join(world.directory, name) }
	before, err := os.Readlink(within("..data"))
	world.must(errors.Join(
		err,
		write(within("..3"), 3),
		os.Symlink("..3", within("..data_3")),
		os.Rename(within("..data_3"), within("..data")),
		os.RemoveAll(within(before)),
	))
}

func (world *world) call(name, path string) {
	if world.again > 0 && world.count == world.again {
		world.calls = append(world.calls, "(renewal)")
		world.generation3()
	}
	if world.count == world.before {
		world.calls = append(world.calls, "(renewal)")
		world.renew(world.steps)
	}
	world.count++
	if world.count > 1000 {
		panic("A file is missing and stays so, and the look has made a thousand calls: it begins again at each error, forever. Return the error: the caller looks again, at its next tick.")
	}
	if within, err := filepath.Rel(told, path); err == nil && filepath.IsAbs(path) {
		path = within
	}
	world.calls = append(world.calls, fmt.Sprintf("%s(%s)", name, path))
}

// here is where a path leads on this machine.
func (world *world) here(path string) string {
	if within, err := filepath.Rel(told, path); err == nil && within != ".." && !strings.HasPrefix(within, "../") {
		return filepath.Join(world.directory, within)
	}
	return path
}

func (world *world) Open(path string) (Directory, error) {
	world.call("Open", path)
	if world.fails {
		world.fails = false
		return nil, syscall.EMFILE
	}
	root, err := os.OpenRoot(world.here(path))
	if world.worded && errors.Is(err, fs.ErrNotExist) {
		return nil, missing(path)
	}
	if err != nil {
		return nil, err
	}
	world.t.Cleanup(func() { root.Close() })
	return opened{world, root}, nil
}

func (world *world) Read(path string) (string, error) {
	world.call("Read", path)
	text, err := os.ReadFile(world.here(path))
	return string(text), err
}

func (world *world) RealPath(path string) (string, error) {
	world.call("RealPath", path)
	here, err := filepath.EvalSymlinks(world.here(path))
	if err != nil {
		return "", err
	}
	directory, err := filepath.EvalSymlinks(world.directory)
	world.must(err)
	// Of a path that leads elsewhere, there is no other name.
	if within, err := filepath.Rel(directory, here); err == nil && within != ".." && !strings.HasPrefix(within, "../") {
		return filepath.Join(told, within), nil
	}
	return here, nil
}

// opened is an open directory. A link in it leads where it leads from there.
type opened struct {
	world *world
	root  *os.Root
}

func (opened opened) Read(name string) (string, error) {
	opened.world.call("Directory.Read", name)
	text, err := opened.root.ReadFile(name)
	return string(text), err
}

func (world *world) calledFor() string { return strings.Join(world.calls, ", ") }

// look is what a look returned, in words as well.
func (world *world) look() (seen [2]string, said string, err error) {
	certificate, key, err := Look(world, told)
	if err != nil {
		return seen, fmt.Sprintf("the error `%v`", err), err
	}
	return [2]string{certificate, key}, fmt.Sprintf("`%s` with `%s`", certificate, key), nil
}

// While nothing is renewed, both files are read.
func TestWhatRestsIsRead(t *testing.T) {
	defer stop(t)
	world := begin(t, lay, -1, 0)
	if seen, said, _ := world.look(); seen != of(1) {
		called := world.calledFor()
		if called == "" {
			called = "nothing of the kernel"
		}
		t.Fatalf("The kubelet has laid generation 1, and nothing is renewed. The look returned %s, and called %s. The files are those of the kernel that `Look` is given: ask it, rather than `os`.", said, called)
	}
	world.renew(len(renewal("")))
	if seen, said, _ := world.look(); seen != of(2) {
		t.Fatalf("The kubelet has laid generation 2 in the place of generation 1. The next look returned %s.", said)
	}
}

// A renewal between any two calls mixes no generations.
func TestARenewalBetweenTwoCallsMixesNothing(t *testing.T) {
	defer stop(t)
	undisturbed := begin(t, lay, -1, 0)
	undisturbed.look()
	for before := range undisturbed.count + 1 {
		for steps := 1; steps <= len(renewal("")); steps++ {
			world := begin(t, lay, before, steps)
			seen, said, err := world.look()
			if err != nil {
				// The generation is gone. Another look finds the next one.
				continue
			}
			if seen != of(1) && seen != of(2) {
				t.Fatalf("The kubelet's renewal came between two calls of the look, which returned %s. The calls were: %s. The rename is atomic, but the link `..data` was followed before it and after it. Follow it once.", said, world.calledFor())
			}
		}
	}
	aSecondRenewalMixesNothingEither(t, undisturbed.count)
}

// aSecondRenewalMixesNothingEither: as between two looks, and a look that begins anew may take as long.
func aSecondRenewalMixesNothingEither(t *testing.T, calls int) {
	for before := range calls + 1 {
		for again := before + 1; again <= before+6; again++ {
			world := begin(t, lay, before, len(renewal("")))
			world.again = again
			seen, said, err := world.look()
			if err == nil && seen != of(1) && seen != of(2) && seen != of(3) {
				t.Fatalf("The kubelet's renewal came between two calls of the look, and a second renewal later on. The look returned %s. The calls were: %s. What goes by a path follows `..data` each time, also as a way out of an error.", said, world.calledFor())
			}
		}
	}
}

// Plain files, without the kubelet's links, are read as well.
func TestPlainFilesAreRead(t *testing.T) {
	defer stop(t)
	world := begin(t, func(directory string) error { return write(directory, 1) }, -1, 0)
	if seen, said, _ := world.look(); seen != of(1) {
		t.Fatalf("The directory holds `tls.crt` and `tls.key` as plain files, and no `..data`. The look returned %s. Its calls were: %s. Where there is no `..data`, the directory itself is what has to be opened.", said, world.calledFor())
	}
	world = begin(t, func(directory string) error { return write(directory, 1) }, -1, 0)
	world.worded = true
	if seen, said, _ := world.look(); seen != of(1) {
		t.Fatalf("The directory holds `tls.crt` and `tls.key` as plain files, and `Open` said of `..data`: %v. The look returned %s. Each system has words of its own for a file that is missing, and `errors.Is(err, fs.ErrNotExist)` knows all of them.", missing("..data"), said)
	}
}

// missing is the error of an `fs.FS`.
func missing(path string) error { return &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist} }

// A file that is missing is an error.
func TestAMissingFileIsAnError(t *testing.T) {
	defer stop(t)
	for _, name := range []string{"tls.crt", "tls.key"} {
		world := begin(t, func(directory string) error { return write(directory, 1) }, -1, 0)
		world.must(os.Remove(filepath.Join(world.directory, name)))
		if _, said, err := world.look(); err == nil {
			t.Fatalf("`%s` is missing, and the look returned %s.", name, said)
		}
	}
}

// An error of the kernel is no sign of plain files.
func TestAnotherErrorIsNoSignOfPlainFiles(t *testing.T) {
	defer stop(t)
	for before := range 4 {
		world := begin(t, lay, before, len(renewal("")))
		world.fails = true
		seen, said, err := world.look()
		if err == nil && seen != of(1) && seen != of(2) {
			t.Fatalf("The first `Open` failed for want of a file descriptor, and a renewal came later on. The look returned %s; its calls were: %s. Only `fs.ErrNotExist` says that there is no `..data`. An answer that falls back to the directory above at any error reads through the link, twice.", said, world.calledFor())
		}
	}
}

// stop turns a panic of the answer into a failure of this check alone.
func stop(t *testing.T) {
	if said := recover(); said != nil {
		t.Fatal(lab.Panicked(said))
	}
}
