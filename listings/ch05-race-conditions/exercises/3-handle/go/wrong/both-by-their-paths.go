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
	opened, err := kernel.Open(filepath.Join(directory, "..data"))
	if errors.Is(err, fs.ErrNotExist) {
		opened, err = kernel.Open(directory)
	}
	if err != nil {
		return "", "", err
	}
	read := []func(string) (string, error){
		opened.Read,
		func(name string) (string, error) { return kernel.Read(filepath.Join(directory, name)) },
	}
	for _, read := range read {
		if certificate, err = read("tls.crt"); err != nil {
			continue
		}
		if key, err = read("tls.key"); err == nil {
			return certificate, key, nil
		}
	}
	return "", "", err
}
