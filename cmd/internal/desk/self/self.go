// Package self is the desk's area of a user's own password, second factor and logins.
package self

import (
	"qingkong/cmd/internal/desk/frame"
)

// desk is the area's state.
type desk struct{ *frame.Frame }

// Mount adds the area to the desk.
func Mount(f *frame.Frame) {
	d := &desk{f}
	f.Add(
		frame.Page{Pattern: "/desk/password", Act: frame.SignedIn, Key: "password",
			Show: d.showPassword, Do: d.changePassword, Secret: true, Grows: true},
		frame.Page{Pattern: "POST /desk/sessions/end", Act: frame.SignedIn,
			Show: d.endSessions, Secret: true, Grows: true},
		frame.Page{Pattern: "POST /desk/sessions/{id}/end", Act: frame.SignedIn, Show: d.endSession, Secret: true},
		frame.Page{Pattern: "/desk/factor", Act: frame.SignedIn, Key: "factor",
			Show: d.showFactor, Do: d.enrolFactor, Secret: true, Grows: true})
}
