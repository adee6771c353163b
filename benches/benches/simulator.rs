//! simulator
fn main() {}
