package frame

import "strings"

// Fragments is how many fragments of a name are kept.
func (f *Frame) Fragments(name string) (n int) {
	f.fragments.mu.Lock()
	defer f.fragments.mu.Unlock()
	for key := range f.fragments.all {
		if strings.HasPrefix(key, name+"|") {
			n++
		}
	}
	return n
}
