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
	if certificate, err = kernel.Read(filepath.Join(directory, "tls.crt")); err != nil {
		return "", "", err
	}
	key, err = kernel.Read(filepath.Join(directory, "tls.key"))
	return certificate, key, err
}
