// Package answer reads a certificate and its key, both of one generation.
package answer

import (
	"path/filepath"
	"strings"
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

// Look reads the certificate and the key of a directory: both of one generation.
func Look(kernel Kernel, directory string) (certificate, key string, err error) {
	// The link is followed here, once. From now on what is open means one generation.
	generation, err := kernel.Open(filepath.Join(directory, "..data"))
	if err != nil && strings.Contains(err.Error(), "no such file") {
		generation, err = kernel.Open(directory)
	}
	if err != nil {
		return "", "", err
	}
	if certificate, err = generation.Read("tls.crt"); err != nil {
		return "", "", err
	}
	key, err = generation.Read("tls.key")
	return certificate, key, err
}
