// Package seal has what the tests print before the first of them and after the last. It is read before anything of the answer runs,
// since a package that is imported comes first, and neither the file nor its name is there any more then.
package seal

import (
	"os"
	"runtime"
)

// By this variable the tests are told the name of the file.
const variable = "EXERCISE_SEAL"

var read = take()

func take() string {
	name := os.Getenv(variable)
	os.Unsetenv(variable)
	text, _ := os.ReadFile(name)
	os.Remove(name)
	return string(text)
}

// Read is the seal, for the tests' own function alone: an answer that asks gets none.
func Read() string {
	caller, _, _, _ := runtime.Caller(1)
	if runtime.FuncForPC(caller).Name() != "answer.TestMain" {
		return ""
	}
	return read
}
