// Package answer reads by path, and believes it where the certificate is one before the key and after it.
package answer

import (
	"errors"
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
	crt, pem := filepath.Join(directory, "tls.crt"), filepath.Join(directory, "tls.key")
	if certificate, err = kernel.Read(crt); err != nil {
		return "", "", err
	}
	if key, err = kernel.Read(pem); err != nil {
		return "", "", err
	}
	again, err := kernel.Read(crt)
	if err == nil && again != certificate {
		err = errors.New("renewed during the look")
	}
	return certificate, key, err
}
