package frame

import (
	"net/url"
	"strconv"
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
type Pager struct{ First, Next string }

// Pager is that of a page after which the list goes on at the cursor next; empty for its end.
func (q *Request) Pager(next string) (p Pager) {
	if next != "" {
		p.Next = WithCursor(q.URL, next)
	}
	if q.URL.Query().Get("cursor") != "" {
		p.First = WithCursor(q.URL, "")
	}
	return p
}

// WithCursor is the address of another page of the same list; without a cursor it is the first.
func WithCursor(u *url.URL, cursor string) string {
	v := u.Query()
	v.Del("cursor")
	if cursor != "" {
		v.Set("cursor", cursor)
	}
	return u.Path + "?" + v.Encode()
}

// Window is the part of a list of n rows that the page shows; its cursor is the number of its first row.
func (q *Request) Window(n int) (begin, end int, p Pager) {
	begin, _ = strconv.Atoi(q.URL.Query().Get("cursor"))
	begin = max(0, min(begin, n))
	if end = min(n, begin+RowsPerPage); end < n {
		p.Next = WithCursor(q.URL, strconv.Itoa(end))
	}
	if begin > 0 {
		p.First = WithCursor(q.URL, "")
	}
	return begin, end, p
}
