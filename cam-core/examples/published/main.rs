//! Every published value beside ours: `cargo run --release -p cam-core --example published > docs/reference/published.md` writes the page.

mod contractual;
mod data;
mod points;
mod row;
mod samples;
mod spend;

use row::Row;
#[allow(unused_imports, reason = "a test reads it")]
pub(crate) use samples::EARLY;

/// All rows, in the order of the page.
pub(crate) fn rows() -> Vec<Row> {
    let data = data::Data::read();
    [
        samples::estimates(&data),
        samples::other_cuts(&data),
        spend::estimates(&data),
        points::customers(&data),
        points::sums(&data),
        samples::donations(),
        contractual::renewals(),
        points::hard(),
    ]
    .concat()
}

fn main() {
    print!("{}", row::page(&rows()));
}
