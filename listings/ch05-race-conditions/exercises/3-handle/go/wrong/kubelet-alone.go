package answer

import "path/filepath"

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
	if err != nil {
		return "", "", err
	}
	if certificate, err = opened.Read("tls.crt"); err != nil {
		return "", "", err
	}
	key, err = opened.Read("tls.key")
	return certificate, key, err
}
