# Two commands matter: `make run` and `make test`. Both install what they need and ask nothing.

.PHONY: run test build check lint fmt deny docs

# Build in release and serve ./backlot-data; flags of `backlot serve` go into ARGS.
run:
	@scripts/run $(ARGS)

# Everything that CI checks.
test:
	@scripts/test

build:
	@scripts/build

check:
	cargo check --workspace --all-targets

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings

fmt:
	cargo fmt --all

# Licences, bans and sources of the dependencies.
deny:
	@scripts/deny

# Rewrite the generated pages under docs/.
docs:
	cargo run --quiet --package xtask -- docs
