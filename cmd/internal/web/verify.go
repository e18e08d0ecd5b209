package web

import (
	"sync"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/papers"
	"qingkong/cmd/internal/proofs"
	"qingkong/cmd/internal/verifypage"
)

// theVerifyPage is the page that verifies bundles, the same for everybody as long as the program is.
var theVerifyPage = sync.OnceValue(func() *staticPage {
	made := verifypage.New(proofs.PageWords())
	page := newStaticPage(papers.HTMLMedia, made.HTML)
	page.policy = made.Policy
	return page
})

// The page asks nothing of whoever opens it.
var _ = bind(calls.VerifyPage, func(s *Server, q *request, _ calls.None) (any, error) {
	if err := s.shares.Public(q.w.Header(), s.sessions.Address(q.Request)); err != nil {
		return nil, err
	}
	return theVerifyPage(), nil
})
