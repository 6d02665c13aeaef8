package main

import (
	"os"
	"syscall"
)

// watchDirectories sends a hint whenever something in a directory may have changed. It watches
// directories, not files: a watch on a file ends with its inode, at the first rename. A watch on a
// directory ends with the directory: what it returns watches those that are there now.
func watchDirectories(directories []string, hints chan<- struct{}) (renew func() error, err error) {
	descriptor, err := syscall.InotifyInit1(syscall.IN_CLOEXEC)
	if err != nil {
		return nil, err
	}
	const changes = syscall.IN_CREATE | syscall.IN_CLOSE_WRITE | syscall.IN_MODIFY |
		syscall.IN_MOVED_TO | syscall.IN_MOVED_FROM | syscall.IN_DELETE | syscall.IN_ATTRIB
	renew = func() error {
		for _, directory := range directories {
			// For a directory that is watched already, the kernel has nothing to do.
			if _, err := syscall.InotifyAddWatch(descriptor, directory, changes); err != nil {
				return &os.PathError{Op: "watch", Path: directory, Err: err}
			}
		}
		return nil
	}
	events := os.NewFile(uintptr(descriptor), "inotify")
	go func() {
		// What happened does not matter, nor to which file: also when the queue overflowed.
		buffer := make([]byte, 64*1024)
		for {
			if _, err := events.Read(buffer); err != nil {
				return
			}
			select {
			case hints <- struct{}{}:
			default: // A look is due already.
			}
		}
	}()
	return renew, renew()
}
