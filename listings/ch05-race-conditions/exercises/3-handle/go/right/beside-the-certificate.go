// Package answer reads a certificate and its key, both of one generation.
package answer

import (
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

// Look finds where the certificate really lies: there lies its key.
func Look(kernel Kernel, directory string) (certificate, key string, err error) {
	real, err := kernel.RealPath(filepath.Join(directory, "tls.crt"))
	if err != nil {
		return "", "", err
	}
	generation, err := kernel.Open(filepath.Dir(real))
	if err != nil {
		return "", "", err
	}
	for name, into := range map[string]*string{"tls.crt": &certificate, "tls.key": &key} {
		if *into, err = generation.Read(name); err != nil {
			return "", "", err
		}
	}
	return certificate, key, nil
}
