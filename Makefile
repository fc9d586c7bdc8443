# Two commands matter: `make run` and `make test`. The rest is for developers; `make help` lists it.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

GOLANGCI_VERSION := v2.15.0
NFPM_VERSION := v2.43.0
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
T ?= 30s

run: build                             ## build, and serve meetings on http://localhost:8080
	bin/incamera serve

build: web/dist/index.html             ## everything a user runs, in bin/
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/ ./cmd/incamera ./cmd/incamera-peer

test: browsers web/node_modules build  ## all tests: Go with the race detector, TypeScript, real browsers
	$(MAKE) -j2 --output-sync=target test-go test-web
	cd web && node e2e/run.mjs

# Half of the time of Go's tests is waiting for clocks and sockets, so four packages are tested at a time, and TypeScript beside them.
test-go:
	go test -race -shuffle=on -p 4 ./...

test-web:
	cd web && node test/run.mjs

e2e: browsers build                    ## only the specs with real browsers; S=name runs one
	cd web && node e2e/run.mjs $(S)

lint: bin/golangci-lint web/node_modules web/dist/index.html ## also checks formatting
	bin/golangci-lint run
	go vet -tags churn ./e2ee/...
	cd web && npx biome check . && npx tsc -p .

fmt: bin/golangci-lint web/node_modules ## rewrite sources in the house format
	bin/golangci-lint fmt
	cd web && npx biome check --write .

gen:                                   ## write generated files anew
	go generate ./...

gen-check: gen                         ## fails if generated files were not up to date
	git diff --exit-code -- '*.gen.ts' PROTOCOL.md

fuzz:                                  ## every fuzz target for T (default 30s) each
	scripts/fuzz $(T)

churn:                                 ## the group's life at size: 1000 seeds at 50 members, 50 at 500 (hours)
	scripts/churn 1000 50
	scripts/churn 50 500

churn-browsers: browsers build         ## twelve people in browsers and without come, go, reload and are killed for two minutes (needs a quiet machine); SEED=n repeats
	cd web && node e2e/churn.mjs

crowd: browsers build                  ## a hundred people, three of them in browsers, who look at every page and pin somebody (minutes); PEOPLE and BROWSERS change how many
	cd web && node e2e/crowd.mjs

memory: browsers build                 ## looks for the keys of an ended epoch in the memory of browsers and server (root, minutes)
	cd web && node e2e/memory.mjs

attack: browsers build                 ## malicious servers and participants against real clients
	scripts/attack

attack-proof: browsers build           ## each attack again, without its defence; writes docs/attacks.md
	go run ./cmd/incamera-attack --prove docs/attacks.md
	cd web && node e2e/attack-proof.mjs

gallery: web/node_modules              ## serves every state of the screens, with nobody behind them, on http://127.0.0.1:8090
	cd web && node gallery.mjs 8090

shots: web/node_modules browsers       ## pictures of every state in each size and theme, with axe (minutes); S=names and flags of e2e/shots.mjs
	cd web && node e2e/shots.mjs $(S)

bench: build browsers                  ## prints one line per figure: name value unit
	scripts/bench

bench-client: build browsers           ## the page while people join, with 25 pictures, and over 30 minutes of joins and leaves; PEOPLE, TILES, SECONDS, MINUTES change that
	cd web && node e2e/bench-client.mjs

lighthouse: build browsers             ## Lighthouse on the landing page and the device check (minutes)
	cd web/tools/lighthouse && npm ci --no-audit --no-fund --loglevel=error --ignore-scripts
	cd web && node e2e/lighthouse.mjs

audit: web/dist/index.html             ## testssl.sh, the HTTP Observatory and nmap on a real server with TLS (root, minutes)
	scripts/browsers audit
	cd web/tools/audit && npm ci --no-audit --no-fund --loglevel=error --ignore-scripts
	go test -count=1 -timeout 20m -run 'TestAudit$$' -v ./cmd/incamera -audit

bench-media:                           ## what a forwarded packet costs: stock pion, ours, and the bare minimum
	scripts/bench-media

siege:                                 ## floods, guesses and garbage against a server with a running meeting (minutes)
	go test -count=1 -timeout 20m -run 'TestSiege$$' -v ./cmd/incamera-peer -siege

dist: web/dist/index.html bin/nfpm     ## static binaries, deb, rpm and a container image, in dist/
	scripts/dist

first-meeting:                         ## counts what stands between a bare checkout and a first meeting (minutes)
	scripts/first-meeting

kill:                                  ## kill -9 a server in the middle of 200 operations, 50 times
	go test -count=1 -timeout 10m -run 'TestServerKilled$$' -v ./cmd/incamera -kills 50

netlab: browsers web/dist/index.html   ## meetings over bad networks, and a table of what became of them, with what was to (root, half an hour; N=N2 for one)
	scripts/browsers trust
	go test -count=1 -timeout 120m -run 'TestNetworks|TestNetlab$(if $(N),/$(N))' -v ./cmd/incamera-peer -networks

netmatrix: browsers web/dist/index.html ## meetings of Go participants and browsers behind firewalls, NAT and with several addresses (root, many minutes)
	scripts/browsers trust
	go test -count=1 -timeout 60m -run 'TestFirewalls|TestBrowsersBehindFirewalls' -v ./cmd/incamera-peer -networks -browsers

soak:                                  ## half an hour of people who come and go over networks that change, and whether the server grows (root); SEED=n repeats
	go test -count=1 -timeout 90m -run 'TestSoak$$' -v ./cmd/incamera-peer -soak 30m -soak-seed $(or $(SEED),0)

# What has to be installed for the tests waits for the disk and the network, while the linter is compiled. It has vetted all packages before
# the tests are built.
ci:                                    ## lint, gen-check and test, as .ci/run does them
	$(MAKE) -j2 lint browsers
	$(MAKE) gen-check
	GOFLAGS=-vet=off $(MAKE) test

browsers:                              ## Debian's chromium and firefox-esr, where they are missing
	scripts/browsers

help:                                  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

web/node_modules: web/package.json web/package-lock.json
	cd web && npm ci --no-audit --no-fund --loglevel=error
	touch $@

WEB_SOURCES := $(shell find web/src -type f 2>/dev/null) web/index.html web/build.mjs
web/dist/index.html: web/node_modules $(WEB_SOURCES)
	cd web && node build.mjs

bin/nfpm:
	GOBIN=$(CURDIR)/bin go install github.com/goreleaser/nfpm/v2/cmd/nfpm@$(NFPM_VERSION)

bin/golangci-lint:
	GOBIN=$(CURDIR)/bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)

.PHONY: run build test e2e lint fmt gen gen-check test-go test-web fuzz churn churn-browsers crowd memory attack attack-proof gallery shots bench bench-client lighthouse audit bench-media siege dist first-meeting kill netlab netmatrix soak ci browsers help
