# Everything a contributor runs. `just` lists it.

default:
    @just --list

# Formatting, lints and documentation, warnings denied.
check:
    cargo fmt --all -- --check
    cargo clippy --workspace --features catena/full --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --features catena/full --no-deps
    command -v cargo-deny > /dev/null && cargo deny check || echo "cargo-deny is not installed: skipped"

# All tests of the workspace.
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

# Streams made to take more memory than allowed, at limits of 16 and 64 MiB, with a table.
hostile:
    CATENA_HOSTILE_ALL=1 cargo test -p catena-filter --test main hostile:: -- --nocapture

# Ten thousand random damages to streams of every level, with a table.
damage:
    CATENA_DAMAGES=10000 cargo test -p catena-filter --test main damage:: -- --nocapture

# The ingest daemon: killed a hundred times, then 64 clients for ten minutes, then on a slow disk. Figures are in docs/reliability.md.
soak:
    cargo build --release -p catena-stream --examples
    CATENA_KILLS=100 cargo test --release -p catena-stream --test daemon killed -- --nocapture
    CATENA_CLIENTS=64 CATENA_SECONDS=600 cargo test --release -p catena-stream --test daemon many_clients -- --nocapture
    CATENA_SECONDS=20 cargo test --release -p catena-stream --test daemon slow_disk:: -- --nocapture

# What CI runs.
ci:
    .ci/run
