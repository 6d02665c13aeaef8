package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"
)

// A file that has nothing to read yet, as some below /proc, is waited for so long.
const readBound = time.Second

// The largest file that is read: 1 MiB, as large as a Kubernetes Secret can be.
const largestFile = 1 << 20

// File is what a file held, and who may do what with it.
type File struct {
	Path  string
	Data  []byte
	Mode  uint32
	Group uint32
}

// readFile reads a regular file of a sane size.
func readFile(path string) (File, error) {
	// Not blocking: to open a FIFO would wait for its writer, forever.
	opened, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return File{}, &Rejected{"missing", path, err.Error()}
	}
	if err != nil {
		return File{}, &Rejected{"unreadable", path, err.Error()}
	}
	defer opened.Close()
	about, err := opened.Stat()
	if err != nil {
		return File{}, &Rejected{"unreadable", path, err.Error()}
	}
	if !about.Mode().IsRegular() {
		return File{}, &Rejected{"not_regular", path, "it is not a regular file"}
	}
	// Some are regular by their type and wait for more all the same. Others take no deadline, and need none.
	_ = opened.SetReadDeadline(time.Now().Add(readBound))
	// It may grow while it is read: the limit holds for what is read.
	data, err := io.ReadAll(io.LimitReader(opened, largestFile+1))
	if err != nil {
		return File{}, &Rejected{"unreadable", path, err.Error()}
	}
	if len(data) > largestFile {
		return File{}, &Rejected{"too_large", path, fmt.Sprintf("more than %d bytes", largestFile)}
	}
	file := File{Path: path, Data: data, Mode: uint32(about.Mode().Perm())}
	if system, known := about.Sys().(*syscall.Stat_t); known {
		file.Group = system.Gid
	}
	return file, nil
}

// Exposes says whether this file is open to others than its owner and a group of ours. To be read by a
// group that this process is in is how a process without root gets a key at all.
func (file File) Exposes(groups []int) bool {
	ofGroup := uint32(0o070)
	if slices.Contains(groups, int(file.Group)) {
		ofGroup = 0o020
	}
	return file.Mode&(0o007|ofGroup) != 0
}

// HoldsKey says whether there is a private key in it, in whatever form a PEM block can have.
func (file File) HoldsKey() bool {
	return strings.Contains(string(file.Data), "PRIVATE KEY-----")
}

// ownGroups are the groups that this process is in.
func ownGroups() []int {
	groups, _ := os.Getgroups() // None is an answer, too.
	return append(groups, os.Getegid())
}
