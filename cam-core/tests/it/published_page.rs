//! The page of published values, `docs/reference/published.md`: every row meets all its digits, or says why not, and the page has every row.

use crate::published_values::{EARLY, rows};

#[test]
fn every_published_value_is_met_or_the_page_says_why_not() {
    let rows = rows();
    for row in &rows {
        let (met, all) = (row.met(), row.digits());
        let line = format!("{}, {}: published {}, ours {}", row.of, row.what, row.published, row.ours);
        assert!(met == all || !row.why.is_empty(), "{line}: {met} of {all} digits, and no reason");
        assert!(row.ours.is_finite(), "{line}");
        // A peer that stops early is near the maximum all the same.
        if row.why == EARLY {
            let want: f64 = row.published.parse().unwrap();
            assert!((row.ours / want - 1.0).abs() < 3e-4, "{line}");
        }
    }
    assert!(rows.len() > 180, "{}", rows.len());
    // Named differences are few.
    let differ = rows.iter().filter(|row| row.met() < row.digits() && row.why != EARLY).count();
    assert!(differ < rows.len() / 3, "{differ} of {}", rows.len());
}

#[test]
fn the_page_has_every_row() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference/published.md");
    let page = std::fs::read_to_string(path).unwrap();
    let rows = rows();
    for row in &rows {
        let begin = format!("| {} | {} | {} | ", row.of, row.what, row.published);
        let line = page.lines().find(|line| line.starts_with(&begin));
        let told = line.and_then(|line| line[begin.len()..].split(" | ").next()).unwrap_or("");
        // As far as it is printed; the last digit may be another machine's.
        let unit = 10f64.powi(-(told.split_once('.').map_or(0, |(_, after)| after.len()) as i32));
        let same = told.parse::<f64>().is_ok_and(|told| (row.ours - told).abs() <= 2.0 * unit);
        assert!(same, "{begin}: the page has {line:?}; `cargo run --example published` writes it anew");
    }
    let lines =
        page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| data, model")).count();
    assert_eq!(lines, rows.len());
}
