// Package answer polls by content.
//
// This is the starter. It compiles, and its checks fail until Poll is written.
package answer

// Poll tells whether files hold something else than at the last look.
type Poll struct {
	files []string
	// What it remembers of them is yours to choose.
}

// Start takes a first look. It returns an error when a file cannot be read.
func Start(files []string) (*Poll, error) {
	panic("this is the starter: write `Poll`")
}

// Changed says whether any of the files holds something else than at the last look that could read all of them. It returns
// an error when a file cannot be read.
func (poll *Poll) Changed() (bool, error) {
	panic("this is the starter: write `Poll`")
}
