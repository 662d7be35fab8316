# Everything a contributor runs. `just` lists it.

default:
    @just --list

# Formatting, lints and documentation, warnings denied.
check:
    cargo fmt --all -- --check
    cargo clippy --workspace --features catena/full --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --features catena/full --no-deps

# All tests of the workspace but the bench's.
test *ARGS:
    ./test {{ARGS}}

# The main job on the sample data.
demo:
    cargo run --release -- demo

# The golden files: streams of earlier versions that must decode for ever. They are added, never overwritten.
golden:
    CATENA_GOLDEN=1 cargo test -p catena-filter --test main compatibility::

# All fuzz targets, so many seconds each (fuzz/README.md).
fuzz SECONDS="20":
    fuzz/smoke {{SECONDS}}

# What CI runs.
ci:
    .ci/run

# What is too slow or too rare for CI, all of it or some parts: see ./nightly.
nightly *PARTS:
    ./nightly {{PARTS}}
