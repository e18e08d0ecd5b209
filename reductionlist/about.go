package reductionlist

import "qingkong/alerts"

// AboutVersion is what events of this package concern: a version of the list.
const AboutVersion = "list"

// Quiet are the kinds that concern nobody: rows mean nothing before their version is whole, and nothing is left of a
// draft that was discarded.
func Quiet() []string { return []string{RowsAdded{}.Kind(), RowsCopied{}.Kind(), Discarded{}.Kind()} }

// About says whom an event of another kind concerns: versions that begin to count, and those that cease to.
func About(ev Event) (about []alerts.Subject) {
	of := func(versions ...string) {
		for _, id := range versions {
			if id != "" {
				about = append(about, alerts.Subject{Kind: AboutVersion, ID: id})
			}
		}
	}
	switch ev := ev.(type) {
	case Begun:
		of(ev.Version)
	case ContactsChanged:
		of(ev.Version)
	case CameIntoForce:
		of(ev.Version, ev.Previous)
	case Approved:
		of(ev.Version)
	case Activated:
		of(ev.Version, ev.Replaces, ev.Previous)
	}
	return about
}
