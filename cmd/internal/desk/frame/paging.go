package frame

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// RowsPerPage is how many rows a page shows unless it is asked for another number.
const (
	RowsPerPage = 50
	maxRows     = 200
)

// PageSize is how many rows a list was asked for.
func PageSize(v url.Values) int {
	n, err := strconv.Atoi(v.Get("limit"))
	if err != nil || n < 1 {
		return RowsPerPage
	}
	return min(n, maxRows)
}

// Pager holds the addresses of other pages of a list; empty for none.
type Pager struct{ First, Prev, Next string }

// BackField is the query's member that says which pages were turned on the way to this one, as [pages] has them.
const BackField = "back"

// pages are the cursors of pages that were turned, the last one at the end. A list can be read on from a cursor, and not
// back; whoever turned its pages brings them along.
type pages []string

const (
	firstPage = "-" // in the place of its cursor, which is empty
	between   = "~" // stands in no cursor
	maxBack   = 20  // pages that are kept; who turned more begins anew
	maxCursor = 200 // bytes of one that is kept
)

func pagesOf(v url.Values) (turned pages) {
	for c := range strings.SplitSeq(v.Get(BackField), between) {
		if c != "" && len(c) <= maxCursor {
			turned = append(turned, c)
		}
	}
	return turned.latest()
}

func (p pages) latest() pages { return p[max(0, len(p)-maxBack):] }

// PagerAt is the pager of a page with the query v after which the list goes on at the cursor next, empty for its end. at
// gives the address of a page by its cursor, empty for the first, and by what its query says under [BackField].
func PagerAt(v url.Values, next string, at func(cursor, back string) string) (p Pager) {
	here, turned := v.Get("cursor"), pagesOf(v)
	if next != "" {
		p.Next = at(next, strings.Join(append(slices.Clone(turned), cmp.Or(here, firstPage)).latest(), between))
	}
	if here == "" {
		return p
	}
	p.First = at("", "")
	if n := len(turned); n > 0 {
		last := turned[n-1]
		if last == firstPage {
			last = ""
		}
		p.Prev = at(last, strings.Join(turned[:n-1], between))
	}
	return p
}

// Pager is that of a page after which the list goes on at the cursor next; empty for its end.
func (q *Request) Pager(next string) Pager {
	return PagerAt(q.URL.Query(), next, func(cursor, back string) string { return pageAt(q.URL, cursor, back) })
}

// pageAt is the address of another page of the same list.
func pageAt(u *url.URL, cursor, back string) string {
	v := u.Query()
	v.Del("cursor")
	v.Del(BackField)
	if cursor != "" {
		v.Set("cursor", cursor)
	}
	if back != "" {
		v.Set(BackField, back)
	}
	return u.Path + "?" + v.Encode()
}

// Window is the part of a list of n rows that the page shows; its cursor is the number of its first row.
func (q *Request) Window(n int) (begin, end int, p Pager) {
	begin, _ = strconv.Atoi(q.URL.Query().Get("cursor"))
	begin = max(0, min(begin, n))
	if end = min(n, begin+RowsPerPage); end < n {
		p.Next = pageAt(q.URL, strconv.Itoa(end), "")
	}
	switch {
	case begin > RowsPerPage:
		p.First, p.Prev = pageAt(q.URL, "", ""), pageAt(q.URL, strconv.Itoa(begin-RowsPerPage), "")
	case begin > 0:
		p.First = pageAt(q.URL, "", "")
		p.Prev = p.First
	}
	return begin, end, p
}
