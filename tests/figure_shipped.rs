//! The figures that stand in `figures/`: what a reader must be able to read in each of them.

mod figure_fixture;

use figure_fixture::{page, plain_text, text_rooms, well_formed};
use modeseek::figure::{missing_glyphs, overlap};
use std::path::Path;

/// Names and texts of all committed figures.
fn figures() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("figures");
    let files = std::fs::read_dir(folder).expect("the folder of figures");
    let paths = files.map(|file| file.expect("a file").path());
    let mut found: Vec<(String, String)> = paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "svg"))
        .map(|path| {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            (name, std::fs::read_to_string(&path).expect("an SVG"))
        })
        .collect();
    found.sort();
    assert!(found.len() >= 45, "only {} figures", found.len());
    found
}

#[test]
fn no_two_texts_of_a_committed_figure_overlap_and_none_leaves_the_page() {
    for (name, svg) in figures() {
        let (rooms, (w, h)) = (text_rooms(&svg), page(&svg));
        for (i, (a, text)) in rooms.iter().enumerate() {
            let inside = a[0] >= 0.0 && a[1] >= 0.0 && a[2] <= w && a[3] <= h;
            assert!(inside, "{name}: {text:?} leaves the page: {a:?} of {w} × {h}");
            for (b, other) in &rooms[..i] {
                assert!(!overlap(a, b), "{name}: {text:?} overlaps {other:?}");
            }
        }
    }
}

#[test]
fn every_committed_figure_is_light_well_formed_and_has_every_glyph() {
    for (name, svg) in figures() {
        assert!(svg.len() < 300_000, "{name}: {} bytes", svg.len());
        assert!(well_formed(&svg), "{name} is not well-formed");
        let missing = missing_glyphs(&plain_text(&svg));
        assert!(missing.is_empty(), "{name} needs glyphs that the font lacks: {missing:?}");
    }
}
