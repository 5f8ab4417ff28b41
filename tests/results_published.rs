//! Published numbers held against hand-made results.

mod results_fixture;

use modeseek::results::{Agreement, Place, Run, compare, published_csv, published_markdown};
use modeseek::scenario::PublishedSpec;
use results_fixture::{cell, run, scenario, series};

/// Published numbers of method `a` with further lines of TOML.
fn published(lines: &str) -> PublishedSpec {
    let mut table: toml::Table = toml::from_str(
        "id = 'x'\nsays = 'a ends high'\nsource = 'another program'\nmetric = 'gold_reward'\n\
         cell = { method = 'a' }\n",
    )
    .unwrap();
    table.extend(toml::from_str::<toml::Table>(lines).unwrap());
    table.try_into().expect("valid")
}

/// Paths of five seeds of `a`, measured at steps 0, 10 and 20 (ten queries a step); `b` is elsewhere.
fn five() -> Run {
    let a = [[0.0, 0.5, 1.0], [0.0, 1.0, 2.0], [0.0, 0.1, 4.0], [0.0, 0.2, 8.0], [0.0, 0.1, 0.3]];
    let rows = |scale: f64| a.iter().map(|path| path.map(|x| scale * x).to_vec()).collect();
    let rows: [Vec<Vec<f64>>; 2] = [rows(1.0), rows(-100.0)];
    let scenario = scenario(vec![cell("a", &[], 20), cell("b", &[], 20)], 5);
    let of = |k: usize| series(&[0, 10, 20], &rows[k]);
    run(scenario, "gold_reward", vec![("a", of(0)), ("b", of(1))])
}

fn close(found: [f64; 3], expected: [f64; 3]) {
    for (f, e) in found.into_iter().zip(expected) {
        assert!(f == e || (f - e).abs() < 1e-12, "{found:?} is not {expected:?}");
    }
}

/// The last values sorted: 0.3, 1, 2, 4, 8. Ranks 0.2, 2 and 3.8: 0.3 + 0.2·0.7, 2, 4 + 0.8·4.
#[test]
fn published_values_are_placed_among_the_quantiles_of_the_last_values() {
    let agreement = compare(&five(), &published("values = [0.4, 0.45, 2.0, 7.1, 9.0]")).unwrap();
    close(agreement.quantiles, [0.44, 2.0, 7.2]);
    let places: Vec<Place> = agreement.published.iter().map(|(_, place)| *place).collect();
    assert_eq!(places, [Place::Below, Place::Inside, Place::Inside, Place::Inside, Place::Above]);
    assert_eq!((agreement.inside(), agreement.n, agreement.censored), (3, 5, 0));
}

/// First measured steps at 0.5: 10, 10, 20, 20, never; not between them, as a claim would have it.
#[test]
fn runs_that_never_get_there_count_as_infinite() {
    let agreement = compare(&five(), &published("steps_to = 0.5\nvalues = [9, 10, 1e6]")).unwrap();
    close(agreement.quantiles, [10.0, 20.0, f64::INFINITY]);
    assert_eq!((agreement.inside(), agreement.censored), (2, 1));
    let agreement = compare(&five(), &published("queries_to = 0.5\nvalues = [100]")).unwrap();
    close(agreement.quantiles, [100.0, 200.0, f64::INFINITY]);
    // At step 10, sorted: 0.1, 0.1, 0.2, 0.5, 1; rank 3.8 is 0.5 + 0.8·0.5.
    let agreement = compare(&five(), &published("at_step = 10\nrange = [0.2, 2.0]")).unwrap();
    close(agreement.quantiles, [0.1, 0.2, 0.9]);
    assert_eq!(agreement.published, [([0.2, 2.0], Place::Overlaps)]);
}

#[test]
fn a_question_that_cannot_be_answered_says_who_asks() {
    for (lines, message) in [
        ("cell = { method = 'z' }", "published x: no cell matches { method = \"z\" }"),
        ("cell = {}", "published x: {  } matches 2 cells; pin method;"),
        ("metric = 'entropy'", "published x: entropy was not measured; metrics of this run"),
        ("at_step = 3", "published x: nothing was measured at step 3; the nearest"),
        ("at_step = 10\narea = true", "published x: give at most one of area, at_step"),
    ] {
        let lines = format!("values = [1]\n{lines}");
        let found = compare(&five(), &published(&lines)).unwrap_err().to_string();
        assert!(found.starts_with(message), "{found}");
    }
}

#[test]
fn tables_show_what_lies_outside_and_say_why() {
    let of = |lines: &str| -> Agreement { compare(&five(), &published(lines)).unwrap() };
    let agreements = [
        of("values = [0.4, 2.0, 9.0]\nwhy = 'a | floor'"),
        of("id = 'y'\nsteps_to = 0.5\nvalues = [10]\nwhy = 'not said'"),
        of("id = 'z'\nsource = 'a third'\nrange = [8, 9]\nwhy = 'unknown'"),
    ];
    let text = published_markdown(&agreements);
    let lines: Vec<&str> = text.lines().skip(2).collect();
    assert_eq!(
        lines,
        [
            "| x | fig04 | a ends high | last gold_reward | **0.4**, 2, **9** | 0.44 – 2 – 7.2 | 5 | 1 of 3 |",
            "| y | fig04 | a ends high | first step with gold_reward ≥ 0.5 | 10 | 10 – 20 – never | 5 (1 never got there) | 1 of 1 |",
            "| z | fig04 | a ends high | last gold_reward | **8 – 9** | 0.44 – 2 – 7.2 | 5 | above |",
            "",
            "Published in: another program; a third.",
            "",
            "- **x** (1 of 3 inside): a | floor",
            "- **z** (above): unknown",
        ]
    );
    let csv = published_csv(&agreements);
    let rows: Vec<&str> = csv.lines().collect();
    assert_eq!(rows.len(), 1 + 3 + 1 + 1, "one row for each published value");
    assert_eq!(
        rows[4],
        "y,fig04,a ends high,another program,first step with gold_reward ≥ 0.5,10.0,10.0,10.0,20.0,inf,5,1,inside,not said"
    );
}
