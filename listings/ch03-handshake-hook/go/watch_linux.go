package main

import (
	"os"
	"syscall"
)

// watchDirectories sends a hint whenever something in a directory may have changed. It watches
// directories, not files: a watch on a file ends with its inode, at the first rename.
func watchDirectories(directories []string, hints chan<- struct{}) error {
	descriptor, err := syscall.InotifyInit1(syscall.IN_CLOEXEC)
	if err != nil {
		return err
	}
	events := os.NewFile(uintptr(descriptor), "inotify")
	const changes = syscall.IN_CREATE | syscall.IN_CLOSE_WRITE | syscall.IN_MODIFY |
		syscall.IN_MOVED_TO | syscall.IN_MOVED_FROM | syscall.IN_DELETE | syscall.IN_ATTRIB
	for _, directory := range directories {
		if _, err := syscall.InotifyAddWatch(descriptor, directory, changes); err != nil {
			events.Close()
			return err
		}
	}
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
	return nil
}
