package answer

import (
	"errors"
	"io/fs"
	"path/filepath"
)

type Kernel interface {
	Open(path string) (Directory, error)
	Read(path string) (string, error)
	RealPath(path string) (string, error)
}

type Directory interface {
	Read(name string) (string, error)
}

func Look(kernel Kernel, directory string) (certificate, key string, err error) {
	read := func(name string) (string, error) {
		opened, err := kernel.Open(filepath.Join(directory, "..data"))
		if errors.Is(err, fs.ErrNotExist) {
			opened, err = kernel.Open(directory)
		}
		if err != nil {
			return "", err
		}
		return opened.Read(name)
	}
	if certificate, err = read("tls.crt"); err != nil {
		return "", "", err
	}
	key, err = read("tls.key")
	return certificate, key, err
}
