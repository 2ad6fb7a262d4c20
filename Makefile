# Dangol. `make` lists the targets; `make run` and `make test` do all of their own set-up.
#
# INSTANCE=name and BASE_PORT=5700 (five ports from there) run a second application beside the first.

SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3
export PYTHONDONTWRITEBYTECODE := 1

dangol := $(PYTHON) local/run.py $(if $(INSTANCE),--instance $(INSTANCE)) $(if $(BASE_PORT),--base-port $(BASE_PORT))

.PHONY: help run stop clean status token invoke test browser build package sqlx openapi check bench

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Run the whole application on this machine; Ctrl-C stops it
	@$(dangol) run

stop: ## Stop it from another terminal
	@$(dangol) stop

clean: ## Stop it and drop its data
	@$(dangol) clean

status: ## Say what runs
	@$(dangol) status

token: ## Print an ID token for curl (EMAIL=, PASSWORD= of somebody else than the demo owner)
	@$(dangol) token $(if $(EMAIL),--email "$(EMAIL)") $(if $(PASSWORD),--password "$(PASSWORD)")

invoke: ## Run a function in Docker by `sam local invoke` (FUNCTION=send EVENT=list; SKIP_PULL=1 uses the image as it is)
	@$(dangol) invoke "$(FUNCTION)" "$(EVENT)" $(if $(SKIP_PULL),--skip-pull-image)

test: ## Run every test, with an instance of its own
	@$(dangol) test

browser: ## Test the pages in a browser while `make run` goes on (ARGS="-k main_job"; CONSOLE_URL= another console)
	@$(dangol) browser $(ARGS)

build: ## Build the functions into target/lambda, for the emulator and `sam local invoke`
	@$(dangol) build

package: ## Build the functions into target/lambda for AWS (needs cargo-lambda and Zig)
	cargo lambda build --release --arm64 --locked $(patsubst functions/%/Cargo.toml,--package %,$(wildcard functions/*/Cargo.toml))
	curl --fail --silent --show-error --output target/rds-ca.pem https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem
	for function in target/lambda/*/; do cp target/rds-ca.pem "$$function"; done

sqlx: ## Regenerate .sqlx after a query or a migration changed
	@$(dangol) sqlx

openapi: ## Renew the API's documentation after a route, an input or an answer changed
	@$(dangol) openapi

check: ## Format, lints, documentation and dependencies, without tests
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked
	@if command -v cargo-deny >/dev/null; then cargo deny check; else echo "cargo-deny is not installed: dependencies were not checked"; fi

bench: ## Measure the functions beside contenders (BENCH="import --rounds 3" or BENCH=customers; see docs/benchmarks.md)
	@$(PYTHON) benches/run.py $(or $(BENCH),import)
