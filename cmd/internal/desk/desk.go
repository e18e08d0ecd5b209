// Package desk is the duty desk: the pages with which people declare, approve and follow a warning, and with which an
// enterprise answers its orders. It puts the areas into their frame, package frame, which says what a page is and how
// it keeps its promises.
package desk

import (
	"embed"
	"sync"

	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/desk/inspections"
	"qingkong/cmd/internal/desk/lists"
	"qingkong/cmd/internal/desk/monitoring"
	"qingkong/cmd/internal/desk/orders"
	"qingkong/cmd/internal/desk/plants"
	"qingkong/cmd/internal/desk/self"
	"qingkong/cmd/internal/desk/stations"
	"qingkong/cmd/internal/desk/warnings"
	"qingkong/cmd/internal/service"
)

//go:embed */templates
var files embed.FS

// templates are parsed once, with the first desk: one that does not parse fails the server at its start and not a
// request, and a command that has no desk does not pay for it.
var templates = sync.OnceValue(func() frame.Templates { return frame.Parse(files) })

// New is the desk of all areas.
func New(svc *service.Service, sessions frame.Sessions, live frame.Live, opt frame.Options) *frame.Frame {
	return frame.New(svc, sessions, live, templates(), opt,
		self.Mount, warnings.Mount, orders.Mount, lists.Mount, plants.Mount, stations.Mount, monitoring.Mount,
		inspections.Mount)
}
