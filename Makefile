# Two commands matter: `make run` and `make test`. The rest is for developers; `make help` lists it.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

GOLANGCI_VERSION := v2.15.0
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
T ?= 30s

run: build                             ## build, and serve meetings on http://localhost:8080
	bin/incamera serve

build: web/dist/index.html             ## everything a user runs, in bin/
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/ ./cmd/incamera ./cmd/incamera-peer

test: browsers web/node_modules build  ## all tests: Go with the race detector, TypeScript, real browsers
	go test -race -shuffle=on ./...
	cd web && node test/run.mjs
	cd web && node e2e/run.mjs

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

attack: browsers build                 ## malicious servers and participants against real clients
	scripts/attack

attack-proof: browsers build           ## each attack again, without its defence; writes docs/attacks.md
	go run ./cmd/incamera-attack --prove docs/attacks.md
	cd web && node e2e/attack-proof.mjs

bench: build browsers                  ## prints one line per figure: name value unit
	scripts/bench

bench-client: build browsers           ## the page while people join, with 25 pictures, and over joins and leaves (minutes)
	cd web && node e2e/bench-client.mjs

lighthouse: build browsers             ## Lighthouse on the landing page and the device check (minutes)
	cd web/tools/lighthouse && npm ci --no-audit --no-fund --loglevel=error --ignore-scripts
	cd web && node e2e/lighthouse.mjs

bench-media:                           ## what a forwarded packet costs: stock pion, ours, and the bare minimum
	scripts/bench-media

siege:                                 ## floods, guesses and garbage against a server with a running meeting (minutes)
	go test -count=1 -timeout 20m -run 'TestSiege$$' -v ./cmd/incamera-peer -siege

netlab:                                ## meetings over bad networks, a line of figures each (root, several minutes)
	go test -count=1 -timeout 20m -run "TestNetworks|TestAdaptation" -v ./cmd/incamera-peer -networks

netmatrix:                             ## meetings behind firewalls, NAT and with several addresses (root, minutes)
	go test -count=1 -timeout 10m -run TestFirewalls -v ./cmd/incamera-peer -networks

ci: lint gen-check test                ## what .ci/run does

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

bin/golangci-lint:
	GOBIN=$(CURDIR)/bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)

.PHONY: run build test e2e lint fmt gen gen-check fuzz churn attack attack-proof bench bench-client lighthouse bench-media netlab netmatrix ci browsers help
