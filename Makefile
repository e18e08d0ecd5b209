# Needs Go and make; everything else comes as a Go module pinned in go.mod. The tests also use chromium, cbc and glpsol of the
# distribution: see .ci/tools.
#
#   make run          build bin/qingkong and open the demo on http://127.0.0.1:8080
#   make test         every test; installs chromium, cbc and glpsol with apt-get where they are missing and that is allowed
#   make race         every test under the race detector (needs a C compiler)
#   make torture      damage and kill the program round after round for MINUTES from SEED, without the damages that WITHOUT names;
#                     a full disk is a small tmpfs where this user may mount one, else a limit of the size of files
#   make flood        flood each subject and call for SECONDS while others work, or only those whose name is like ONLY
#   make vuln         known vulnerabilities (govulncheck, where its database is reachable) and risky code (gosec); any finding fails
#   make lint         gofmt, go vet, staticcheck, go.mod tidy; any finding fails
#   make fmt          format the source
#   make fuzz         every fuzz target for FUZZTIME each
#   make bench        the Go benchmarks
#   make build        bin/qingkong alone

GO       ?= go
BIN      := bin/qingkong
DIRS     := $(wildcard alerts cmd notify reductionlist seeds)
FUZZTIME ?= 20s

GOVULNCHECK := v1.9.0
GOSEC       := v2.30.0
MINUTES  ?= 5
SEED     ?= 1
WITHOUT  ?= ^$$
SECONDS  ?= 2
ONLY     ?=
ARGS     ?=

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null)
COMMIT  := $(shell git rev-parse --verify --quiet HEAD 2>/dev/null)
LDFLAGS := -X main.version=$(VERSION) -X main.commit=$(COMMIT)

.PHONY: run test race torture flood vuln lint fmt fuzz bench build

run: build
	$(BIN) serve --demo $(ARGS)

# A static binary without the builder's paths, so that the same source gives the same file anywhere.
build:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/qingkong

# The two longest go first: begun last, they would run while a core stands idle.
test:
	@.ci/tools get
	$(GO) test -timeout 25m ./cmd/qingkong ./cmd/internal/app ./...
	@.ci/tools left

race:
	$(GO) test -race -timeout 30m ./...

# A failed run names its seed and round, and keeps the folder. The last round is let end.
torture:
	$(GO) test ./cmd/qingkong -run '^TestTorture$$' -v -timeout $$(($(MINUTES) + 10))m \
		-torture-minutes $(MINUTES) -torture-seed $(SEED) -torture-without '$(WITHOUT)'

# Each row is a subject or call and who floods it: what was sent, what became of it, and how long the others waited at worst.
flood:
	$(GO) test ./cmd/qingkong -run '^TestFlood$$' -v -timeout 120m -flood-seconds $(SECONDS) -flood-only '$(ONLY)'

# Not looked at: G304 (files are named by whoever runs the program) and G115 (numbers are read from rows of our own, or bounded
# where they come in; fuzz targets hold the parsers to that). Other findings are cleared, or explained where they stand.
vuln:
	@out=$$($(GO) run golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK) ./... 2>&1); rc=$$?; echo "$$out"; \
	if [ $$rc -ne 0 ] && echo "$$out" | grep -q 'fetching vulnerabilities'; then \
		echo 'NOT CHECKED: the database of vulnerabilities cannot be reached from here'; \
	else exit $$rc; fi
	$(GO) run github.com/securego/gosec/v2/cmd/gosec@$(GOSEC) -quiet -exclude=G304,G115 ./...

lint:
	@echo 'gofmt'; bad=$$(gofmt -l $(DIRS)) || exit 1; \
	if [ -n "$$bad" ]; then echo "$$bad"; echo 'not formatted; run: make fmt'; exit 1; fi
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	$(GO) mod tidy -diff

fmt:
	gofmt -w $(DIRS)

# Minimising is kept short: by default it spends the whole budget on shrinking the first interesting large input.
# A worker that is cut off at the end of its time reports "context deadline exceeded" and no input; that is no finding.
fuzz:
	@log=$$(mktemp) && trap 'rm -f "$$log"' EXIT && \
	grep -rnoE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' $(DIRS) \
	| sed -E 's|^(.*)/[^/]*:[0-9]+:func (.*)$$|\1 \2|' \
	| while read -r dir name; do \
		echo "fuzz ./$$dir $$name $(FUZZTIME)"; \
		if $(GO) test "./$$dir" -run '^$$' -fuzz "^$$name$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x </dev/null >"$$log" 2>&1; \
		then tail -n 1 "$$log"; \
		elif grep -q 'context deadline exceeded' "$$log" && ! grep -q 'Failing input written' "$$log"; \
		then echo 'ended at its time limit, nothing found'; \
		else cat "$$log"; exit 1; fi; \
	done

bench:
	$(GO) test -run '^$$' -bench . -benchmem -timeout 60m ./...
