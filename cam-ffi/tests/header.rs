//! The committed header is what cbindgen makes of the sources, and says so when it is not.

use std::path::Path;

fn generate() -> String {
    let room = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut config = cbindgen::Config::from_file(room.join("cbindgen.toml")).unwrap();
    config.header = Some(contract(&std::fs::read_to_string(room.join("src/lib.rs")).unwrap()));
    // The library's root leads to every module.
    let builder = cbindgen::Builder::new().with_config(config).with_src(room.join("src/lib.rs"));
    let mut header = Vec::new();
    builder.generate().unwrap().write(&mut header);
    String::from_utf8(header).unwrap()
}

/// The contract that stands in the prose of lib.rs, as a C comment.
fn contract(lib: &str) -> String {
    let prose: Vec<&str> = lib
        .lines()
        .map_while(|line| line.strip_prefix("//!"))
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .skip_while(|line| !line.starts_with("The contract"))
        .collect();
    let lines = prose.iter().map(|line| format!(" * {line}").trim_end().replace('`', ""));
    format!(
        "/*\n * cam: customers as assets. The C interface.\n *\n{}\n */",
        lines.collect::<Vec<_>>().join("\n")
    )
}

#[test]
fn header_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("include/cam_ffi.h");
    let header = generate();
    if std::env::var_os("CAM_WRITE_HEADER").is_some() {
        std::fs::write(&path, &header).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == header,
        "include/cam_ffi.h is not what the sources say; CAM_WRITE_HEADER=1 cargo test -p cam-ffi header_is_current writes it anew"
    );
}

#[test]
fn every_entry_of_the_sources_is_in_the_header() {
    let header = generate();
    let room = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut entries = 0;
    let files = std::fs::read_dir(&room).unwrap().map(|entry| entry.unwrap().path());
    for source in files.filter(|path| path.is_file()).chain([room.join("arrow/mod.rs")]) {
        let text = std::fs::read_to_string(source).unwrap();
        for line in text.lines().filter(|line| line.contains("extern \"C\" fn cam_")) {
            let name = line.split("fn ").nth(1).and_then(|rest| rest.split('(').next()).unwrap();
            entries += 1;
            let times =
                header.lines().filter(|l| !l.starts_with(' ') && l.contains(&format!("{name}("))).count();
            assert_eq!(times, usize::from(name != "cam_debug_panic"), "{name}");
        }
    }
    assert!(entries > 50, "found only {entries} entries");
}
