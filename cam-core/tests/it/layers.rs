//! The house: data flow one way, and a module uses only modules to its left.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// From the ground floor up.
const ORDER: [&str; 17] = [
    "error",
    "unit",
    "table",
    "control",
    "math",
    "optim",
    "summary",
    "rows",
    "model",
    "fit",
    "task",
    "clv",
    "registry",
    "inference",
    "validate",
    "tasks",
    "lib",
];

#[test]
fn no_module_uses_one_to_its_right() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    visit(&source, &source, &mut uses);
    assert!(uses.len() >= ORDER.len() - 1, "{uses:?}");
    let place = |module: &str| {
        ORDER.iter().position(|m| *m == module).unwrap_or_else(|| panic!("{module} has no place in ORDER"))
    };
    for (module, used) in &uses {
        for other in used {
            assert!(
                module == other || place(other) < place(module),
                "{module} uses {other}, which stands to its right"
            );
        }
    }
}

#[test]
fn the_page_on_design_lists_the_modules_in_this_order() {
    let page = include_str!("../../../docs/design.md");
    let list = page.split("```text\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let modules = list.lines().flat_map(|line| line.split("  ").next().unwrap().split(", "));
    let kept: Vec<&str> = ORDER.iter().copied().filter(|m| *m != "lib").collect();
    assert_eq!(modules.collect::<Vec<_>>(), kept);
}

#[test]
fn every_file_of_test_data_is_told_of_and_every_table_names_its_source() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let readme = crate::testdata("README.md");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        // The interpreter's cache, where a generator has run.
        if name == "README.md" || name == "__pycache__" {
            continue;
        }
        assert!(readme.contains(&format!("`{name}`")) || readme.contains(&format!("`{name} ")), "{name}");
        if name.ends_with(".csv") {
            let text = crate::testdata(&name);
            let header = text.lines().next().unwrap();
            assert!(header.starts_with("# ") && header.to_lowercase().contains("by "), "{name}: {header}");
        }
    }
}

fn visit(root: &Path, folder: &Path, uses: &mut BTreeMap<String, BTreeSet<String>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            visit(root, &path, uses);
            continue;
        }
        let inside = path.strip_prefix(root).unwrap();
        let first = inside.iter().next().unwrap().to_str().unwrap();
        let module = first.trim_end_matches(".rs").to_string();
        // lib.rs re-exports everything; that is its work.
        if module == "lib" {
            continue;
        }
        let used = uses.entry(module).or_default();
        // The tests of a module may use what stands to its right.
        let text = std::fs::read_to_string(&path).unwrap();
        for line in text.lines().take_while(|line| *line != "#[cfg(test)]") {
            let code = line.split("//").next().unwrap();
            for (at, _) in code.match_indices("crate::") {
                let rest = &code[at + 7..];
                assert!(
                    !rest.starts_with(['{', '*']),
                    "{}: one module per use, so that this test can read it: {code}",
                    path.display()
                );
                let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                // Items that lib.rs re-exports stand for the module they come from.
                let module = match name.as_str() {
                    "Result" | "Error" | "ErrorKind" => "error",
                    other => other,
                };
                if !module.is_empty() && module != "doctest_log" {
                    used.insert(module.to_string());
                }
            }
        }
    }
}

/// A model that is added is there in C, Java and Python: no door knows one. (Comments may name an example.)
#[test]
fn no_door_names_a_model() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned();
    let mut folders = vec![root.join("cam-ffi/src"), root.join("cam-py/src")];
    let mut lines = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for line in text.lines().map(|line| line.split("//").next().unwrap_or("")) {
                lines += 1;
                let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
                // `BgNbd` for `bg_nbd`.
                let named = words.find(|word| {
                    cam_core::models().iter().any(|entry| {
                        let id = entry.spec().id;
                        *word == id || (!word.is_empty() && word.to_lowercase() == id.replace('_', ""))
                    })
                });
                assert_eq!(named, None, "{}: {line}", path.display());
            }
        }
    }
    assert!(lines > 3_000, "{lines} lines were read");
}
