//! Cargo builds the build-dependencies of this package, and their features, only where there is this.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
}
