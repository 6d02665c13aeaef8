// Package answer reads a certificate and its key, both of one generation.
package answer

import (
	"errors"
	"io/fs"
	"path/filepath"
)

// Kernel is what a reader asks. Between any two calls, a writer may have done anything.
type Kernel interface {
	// Open opens a directory. Links on the way, the last part included, are followed.
	Open(path string) (Directory, error)
	// Read reads a file by its path. Links are followed, as they are at that moment.
	Read(path string) (string, error)
	// RealPath is the path without links to which a path leads at that moment.
	RealPath(path string) (string, error)
}

// Directory is an open one. It stays the same one, whatever is renamed over its path.
type Directory interface {
	// Read reads a file by its name in the open directory.
	Read(name string) (string, error)
}

func Look(kernel Kernel, directory string) (certificate, key string, err error) {
	link := filepath.Join(directory, "..data")
	before, err := kernel.RealPath(link)
	if errors.Is(err, fs.ErrNotExist) {
		before, err = directory, nil
	}
	if err != nil {
		return "", "", err
	}
	if certificate, err = kernel.Read(filepath.Join(directory, "tls.crt")); err != nil {
		return "", "", err
	}
	if key, err = kernel.Read(filepath.Join(directory, "tls.key")); err != nil {
		return "", "", err
	}
	after, err := kernel.RealPath(link)
	if errors.Is(err, fs.ErrNotExist) {
		after, err = directory, nil
	}
	if err == nil && after != before {
		err = errors.New("renewed meanwhile")
	}
	return certificate, key, err
}
