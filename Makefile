# `make` lists the targets. Everything needs Go; what runs containers needs a
# Docker engine too, and starts or installs one where it can.

ifeq ($(shell command -v go),)
$(warning Go is not installed: https://go.dev/doc/install; go.mod has the version)
endif

# What the binaries call themselves; `pause version` prints it.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
# Architecture of the images: amd64, arm64 or armv7. The default is this
# machine's.
ARCH ?= $(shell go env GOARCH | sed 's/^arm$$/armv7/')
ARCHS := amd64 arm64 armv7
DIST := dist/linux_$(ARCH)
DEMOS := app proxy
PLUGINS := $(or $(DOCKER_CONFIG),$(HOME)/.docker)/cli-plugins
IMAGES := podlike/supervisor:dev podlike/pause:dev podlike/docker-pod:dev $(DEMOS:%=podlike/demo-%:dev)

# The race detector needs cgo and a C compiler. Without one the tests still
# run, and the recipe says so.
RACE := $(shell go list -race errors >/dev/null 2>&1 && echo -race)

# The images are built by whatever builder the engine has: none of these is
# known to the builder of 20.10. `default` is the builder that sees local
# images, and attestations would make an index out of each image.
export BUILDX_BUILDER := default
export BUILDX_NO_DEFAULT_ATTESTATIONS := 1

GOBUILD = CGO_ENABLED=0 GOOS=linux go build -buildvcs=false -trimpath -ldflags '-s -w -X main.version=$(VERSION)'
goarch = $(if $(filter armv7,$1),GOARCH=arm GOARM=7,GOARCH=$1)

.NOTPARALLEL: # the recipes share dist and one engine
.DEFAULT_GOAL := help
.PHONY: help build binaries install-plugin demos images engine swarm quickstart quickstart-down unit e2e e2e-vm e2e-vm-bundle test bench lint clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "Needs Go (go.mod says which) and, but for build, unit and lint, a Docker engine:"
	@echo "it is started, or installed, where this can be done (Debian, Ubuntu; as root)."

build: ## pause, supervisor and docker-pod for this machine, in dist/linux_<arch>
	$(call goarch,$(ARCH)) $(GOBUILD) -o $(DIST)/ ./cmd/pause ./cmd/supervisor ./cmd/docker-pod
	@for name in pause supervisor; do go run ./images/pack $(DIST)/$$name >$(DIST)/$$name.tar; done

binaries: ## the same for amd64, arm64 and arm/v7
	@set -e; for arch in $(ARCHS); do $(MAKE) --no-print-directory build ARCH=$$arch; done

install-plugin: build ## docker-pod as a plugin of this user's docker: `docker pod ...`
	@mkdir -p $(PLUGINS)
	@install -m 755 $(DIST)/docker-pod $(PLUGINS)/docker-pod
	@echo "installed $(PLUGINS)/docker-pod: try docker pod --help"

demos:
	@set -e; for demo in $(DEMOS); do $(call goarch,$(ARCH)) $(GOBUILD) -o $(DIST)/demo-$$demo ./deploy/demo/$$demo; done

images: engine build demos ## the images, with the tag dev: pause, supervisor, docker-pod, and the two of the quick start
	@scripts/build-image.sh podlike/supervisor:dev images/supervisor/Dockerfile $(DIST)
	@scripts/build-image.sh podlike/pause:dev images/pause/Dockerfile $(DIST)
	@scripts/build-image.sh podlike/docker-pod:dev images/docker-pod/Dockerfile $(DIST)
	@set -e; for demo in $(DEMOS); do scripts/build-image.sh podlike/demo-$$demo:dev images/demo/$$demo.Dockerfile $(DIST); done

engine:
	@scripts/ensure-engine.sh

swarm: engine
	@scripts/ensure-swarm.sh

quickstart: images swarm ## run the pod of deploy/quickstart.yml on this machine, and ask it for its page
	@go run ./deploy/quickstart up

quickstart-down: ## remove that pod, and everything that came with it
	@go run ./deploy/quickstart down

unit: ## the tests that need no engine
	@$(if $(RACE),,echo 'unit: without the race detector, which needs a C compiler (apt-get install gcc)')
	go test $(RACE) -timeout 10m ./...

e2e: images swarm ## the tests on a real engine and a local Swarm
	go test -tags e2e -count=1 -timeout 30m -v ./internal/engine -run TestEngineGivesBack
	go test -tags e2e -count=1 -timeout 60m -v ./test/e2e/...

test: unit e2e ## both

# What runs on the other machines: they need Docker, but no Go and no network.
# SLOWNESS is how many times slower they are than a usual one.
SLOWNESS ?= 10
BUNDLE := dist/e2e-vm/bundle
e2e-vm: ## some of e2e on machines with other cgroups, kernels and engines, which VM=<program> boots
	@scripts/e2e-vm.sh --check
	@$(MAKE) --no-print-directory e2e-vm-bundle
	@scripts/e2e-vm.sh $(BUNDLE) dist/e2e-vm

e2e-vm-bundle: images
	@rm -rf $(BUNDLE) && mkdir -p $(BUNDLE)/programs
	$(call goarch,$(ARCH)) $(GOBUILD) -o $(BUNDLE)/programs/ ./test/e2e/probe ./cmd/docker-pod
	$(call goarch,$(ARCH)) CGO_ENABLED=0 GOOS=linux go test -c -trimpath -tags e2e,vm -o $(BUNDLE)/e2e.test ./test/e2e
	docker save -o $(BUNDLE)/images.tar podlike/supervisor:dev podlike/pause:dev
	@cp test/vm/run.sh test/vm/tests $(BUNDLE)/ && echo $(SLOWNESS) >$(BUNDLE)/slowness

bench: images swarm ## the benchmarks, as ratios to what the engine needs at least
	go test -run '^$$' -bench . -benchmem ./cmd/... ./internal/...
	go test -tags e2e -run '^$$' -bench . -benchtime 5x -count=1 -timeout 20m ./test/e2e/...

lint: ## gofmt, vet, staticcheck, and govulncheck where it is installed
	@unformatted=$$(gofmt -l cmd deploy internal test); [ -z "$$unformatted" ] || \
		{ echo "lint: not formatted: run gofmt -w" $$unformatted; exit 1; }
	go vet ./...
	go vet -tags e2e,vm ./...
	go tool staticcheck ./...
	go tool staticcheck -tags e2e,vm ./...
	@scripts/vulncheck.sh

clean: ## remove dist and the images
	rm -rf dist
	@for image in $(IMAGES); do docker image rm "$$image" >/dev/null 2>&1 && echo "removed $$image"; done; true
