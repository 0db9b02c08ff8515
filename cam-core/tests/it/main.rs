//! Integration tests of cam-core: one binary.

mod golden;
mod math;
mod summary;
mod summary_bad_input;
mod summary_order;
mod summary_stream;

/// A file of the folder testdata.
pub(crate) fn testdata(name: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}
