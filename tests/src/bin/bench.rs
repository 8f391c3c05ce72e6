//! `cargo xtask bench [--json FILE] [--full] [--peers] [NAME…]`.

fn main() {
    tests::bench::main();
}
