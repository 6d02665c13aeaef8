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
	var paths, files [2]string
	for number, name := range []string{"tls.crt", "tls.key"} {
		if paths[number], err = kernel.RealPath(filepath.Join(directory, name)); err != nil {
			return "", "", err
		}
	}
	for number, path := range paths {
		if files[number], err = kernel.Read(path); err != nil {
			return "", "", err
		}
	}
	return files[0], files[1], nil
}
