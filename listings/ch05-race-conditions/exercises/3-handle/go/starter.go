// Package answer reads a certificate and its key, both of one generation.
//
// This is the starter. It compiles, and its checks fail until Look is written.
package answer

// Kernel is what a reader asks. Between any two calls, a writer may have done anything. Package os does not see these files: they
// are the kernel's own. Each returns the errors that Go's own
// functions return: where something is missing, one that is fs.ErrNotExist.
type Kernel interface {
	// Open opens a directory. Links on the way, the last part included, are followed. In Go: os.OpenRoot.
	Open(path string) (Directory, error)
	// Read reads a file by its path. Links are followed, as they are at that moment. In Go: os.ReadFile.
	Read(path string) (string, error)
	// RealPath is the path without links to which a path leads at that moment. In Go: filepath.EvalSymlinks.
	RealPath(path string) (string, error)
}

// Directory is an open one. It stays the same one, whatever is renamed over its path.
type Directory interface {
	// Read reads a file by its name in the open directory. A link is followed, as it is at that moment. In Go: (*os.Root).ReadFile.
	Read(name string) (string, error)
}

// Look reads the certificate `tls.crt` and the key `tls.key` of a directory: both of one generation, whatever a writer does
// meanwhile.
//
// In a directory that the kubelet fills, both names are links to `..data/tls.crt` and `..data/tls.key`, and `..data` is a link to
// the directory of the generation. A renewal replaces `..data` by one rename, and removes the directory of the generation before.
// In other directories the two are plain files, and there is no `..data`.
//
// It returns the kernel's error when a file is missing: the generation has been removed, perhaps. The next look begins anew.
func Look(kernel Kernel, directory string) (certificate, key string, err error) {
	panic("this is the starter: write `Look`")
}
