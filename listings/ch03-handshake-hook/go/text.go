package main

import (
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"
)

// Columns of a log that a person reads. What does not fit goes on below, under its own column.
const (
	width       = 88
	atWidth     = 11
	whoWidth    = 10
	eventWidth  = 17
	columnSpace = "  "
)

// Text writes events as lines in columns, and counts those that repeat.
type Text struct {
	lock   sync.Mutex
	teller teller
	last   *line
	more   int
}

// Line is the text for the next line of a log; nothing where an event repeats the one before. What is no
// event is shown as it is, but for what a terminal would obey.
func (writer *Text) Line(read string) string {
	writer.lock.Lock()
	defer writer.lock.Unlock()
	event := parse(read)
	if event == nil {
		shown := writer.flush() + visible(strings.ReplaceAll(read, "\t", "    ")) + "\n"
		writer.last = nil
		return shown
	}
	next := writer.teller.tell(event)
	if writer.last != nil && next.repeats(*writer.last) {
		writer.more++
		return ""
	}
	shown := writer.flush() + columns(next)
	writer.last = &next
	return shown
}

// flush says what is left to be said of repeats.
func (writer *Text) flush() string {
	more := writer.more
	writer.more = 0
	if more == 0 {
		return ""
	}
	return fmt.Sprintf("%*s%sand %d more like it\n", atWidth, "", columnSpace, more)
}

func columns(one line) string {
	shown := fmt.Sprintf("%*s%s%-*s%s", atWidth, one.at, columnSpace, whoWidth, one.who, columnSpace)
	if len(one.what) == 0 {
		return shown + one.event + "\n"
	}
	shown += fmt.Sprintf("%-*s", eventWidth, one.event)
	indent := atWidth + max(utf8.RuneCountInString(one.who), whoWidth) +
		max(utf8.RuneCountInString(one.event), eventWidth) + 2*len(columnSpace)
	column := indent
	for _, what := range one.what {
		// A field is kept on one line, unless it is too long for that.
		words := []string{what}
		if utf8.RuneCountInString(what) > (width-len(columnSpace))/2 {
			words = strings.Split(what, " ")
		}
		for i, word := range words {
			gap := columnSpace
			if i > 0 {
				gap = " "
			}
			long := utf8.RuneCountInString(word)
			if column > indent && column+len(gap)+long > width {
				shown += "\n" + strings.Repeat(" ", indent) + columnSpace
				column = indent + len(columnSpace)
			} else {
				shown += gap
				column += len(gap)
			}
			shown += word
			column += long
		}
	}
	return shown + "\n"
}
