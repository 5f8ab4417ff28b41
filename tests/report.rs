//! The page of a small run: whole, self-contained, escaped, and with the numbers of `claims`.

mod report_fixture;

use report_fixture::{FINISHED, PAGE, SMALL, breaches, elements, modeseek, part, text, works};
use std::fs;

#[test]
fn a_page_is_well_formed_its_links_lead_somewhere_and_nothing_is_fetched() {
    let none: [String; 0] = [];
    assert_eq!(breaches(&PAGE), none);
    let policy = "default-src 'none'";
    let (tags, _) = elements(&PAGE);
    let content = tags.iter().filter_map(|tag| tag.get("content"));
    assert_eq!(content.filter(|text| text.starts_with(policy)).count(), 1);
}

/// The checker of pages finds what it is there to find.
#[test]
fn a_broken_page_is_found() {
    for (body, fault) in [
        ("<p id=\"a\"></p><p id=\"a\"></p>", "two elements have the id a"),
        ("<a href=\"#b\">b</a>", "no element has the id b"),
        ("<p aria-labelledby=\"b\"></p>", "no element has the id b"),
        ("<img src=\"x.png\"/>", "<img> fetches src=x.png"),
        ("<link rel=\"stylesheet\" href=\"https://x.org/a.css\">", "fetches href"),
        ("<a href=\"https://x.org\">x</a>", "fetches href"),
        ("<style>@import 'x';</style>", "requests of the styles"),
        ("<p><b></p></b>", "</p> closes Some(\"b\")"),
        ("<p>", "</html> closes Some(\"p\")"),
    ] {
        let found = breaches(&format!("<!doctype html><html>{body}</html>"));
        assert!(found.iter().any(|f| f.contains(fault)), "{body}: {found:?}");
    }
}

/// Two seeds give no verdict: a gate that passed then would pass anything.
#[test]
fn strict_claims_need_a_verdict() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("small.toml"), SMALL).expect("written");
    let with = |words: &[&'static str]| [&["small.toml", "--seeds", "0..2"], words].concat();
    works(folder.path(), &[&["run"], &with(&[])[..]].concat());
    works(folder.path(), &[&["claims"], &with(&[])[..]].concat());
    let strict = modeseek(folder.path(), &[&["claims"], &with(&["--strict"])[..]].concat());
    assert_eq!(strict.status.code(), Some(1));
    let said = String::from_utf8_lossy(&strict.stderr);
    assert!(said.contains("0 of 2 claims have a verdict"), "{said}");
}

#[test]
fn the_claims_have_the_numbers_and_verdicts_of_the_command_claims() {
    let table = works(&FINISHED, &["claims", "small.toml"]);
    let rows: Vec<Vec<&str>> = table
        .lines()
        .filter(|line| line.starts_with("| S."))
        .map(|line| line.trim_matches(['|', ' ']).split(" | ").map(str::trim).collect())
        .collect();
    assert_eq!(rows.len(), 2);
    let wanted = ["holds", "reversed"];
    for (row, verdict) in rows.iter().zip(wanted) {
        let claim = format!("id=\"scenario-small-claim-{}\"", row[0]);
        let seen = text(part(&PAGE, &claim, "</li>"));
        for word in [row[2], row[3], verdict, "margin 0.02", "n = 6 seeds"] {
            assert!(seen.contains(word), "{word:?} is not in {seen:?}");
        }
        assert!(row[6].starts_with(verdict), "{row:?}");
        let listed =
            text(part(&PAGE, &format!("<a href=\"#scenario-small-claim-{}\">", row[0]), "</tr>"));
        assert!(listed.contains(verdict), "{listed}");
    }
}

#[test]
fn what_did_not_appear_stands_on_the_wall_with_its_cause() {
    let wall = text(part(&PAGE, "<section id=\"wall\"", "</section>"));
    assert!(wall.contains("S.2") && !wall.contains("S.1"), "{wall}");
    assert!(wall.contains("Why. It is the first claim, turned round."), "{wall}");
}

#[test]
fn texts_of_a_scenario_are_escaped_and_its_subscripts_and_code_are_set() {
    for raw in ["<script>alert", "<b>if</b>", "<i>ends</i>"] {
        assert!(!PAGE.contains(raw), "{raw}");
    }
    assert!(
        PAGE.contains(
            "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;small&quot; π<sub>ref</sub>"
        )
    );
    let seen = text(&PAGE);
    assert!(seen.contains("What passes does, <b>if</b> anything."));
    assert!(seen.contains("Best-of-N <i>ends</i> above IPO on R1"));
}

#[test]
fn a_figure_has_a_caption_a_table_and_values_inside_its_view() {
    let figure = part(&PAGE, "<figure class=\"figure\">", "</figure>");
    let view = part(figure, "viewBox=\"0 0 ", "\" ").trim_start_matches("viewBox=\"0 0 ");
    let size: Vec<i64> = view.split(' ').map(|n| n.parse().expect("a number")).collect();
    let json = part(figure, "class=\"hover\">", "</script>").trim_start_matches("class=\"hover\">");
    let hover: serde_json::Value = serde_json::from_str(json).expect("JSON");
    let lines = hover["lines"].as_array().expect("lines").len() as i64;
    let points = hover["points"].as_array().expect("points");
    assert!(points.len() > 20, "{} points", points.len());
    for point in points {
        let [x, y, line] = [0, 1, 2].map(|k| point[k].as_i64().expect("a whole number"));
        assert!((0..=size[0]).contains(&x) && (0..=size[1]).contains(&y), "{point}");
        assert!((0..lines).contains(&line), "{point}");
    }
    let numbers = text(part(&PAGE, "<details class=\"numbers\">", "</details>"));
    assert!(numbers.contains("Best-of-N") && numbers.contains("12"), "{numbers}");
    assert!(text(figure).contains("over 6 seeds"));
}

#[test]
fn settings_are_told_as_shared_and_varying_and_a_scenario_of_ones_own_has_no_preset() {
    let settings = part(&PAGE, "<details class=\"settings\"", "</details>");
    let shared = text(part(settings, "<table class=\"shared\">", "</table>"));
    assert!(shared.contains("schedule.steps 12") && !shared.contains("learning_rate 0.3"));
    let varying = text(part(settings, "<table class=\"varying\">", "</table>"));
    assert!(varying.contains("problem.bumps.reward all methods R1, R2"), "{varying}");
    assert!(varying.contains("optimizer.adam.learning_rate best-of-n 0.3 on-policy ipo 0.1"));
    assert!(text(settings).contains("not one of the shipped ones"));
}

/// π_ref drawn at another learning rate: one key differs, and the file has a name of its own.
#[test]
fn what_is_set_differs_from_the_shipped_scenario_with_both_values() {
    let set = ["bandit-reference", "--set", "optimizer.adam.learning_rate=0.05"];
    works(&FINISHED, &[&["run"], &set[..]].concat());
    let said = works(&FINISHED, &[&["report"], &set[..]].concat());
    let path = said.trim();
    assert!(path.starts_with("figures/report-bandit-reference+"), "{path}");
    let page = fs::read_to_string(FINISHED.join(path)).expect("the page");
    let differs = text(part(&page, "<table class=\"differs\">", "</table>"));
    let row = "optimizer.adam.learning_rate best of 10, exact 0.1 0.05";
    assert!(differs.contains(row), "{differs}");
    assert_eq!(part(&page, "<table class=\"differs\">", "</table>").matches("<tr>").count(), 2);
    let again = text(part(&page, "<div class=\"provenance\">", "</div>"));
    assert!(
        again.contains("modeseek run bandit-reference --set optimizer.adam.learning_rate=0.05")
    );
}

#[test]
fn without_an_id_all_shipped_runs_are_on_the_page_and_the_others_are_named() {
    let output = modeseek(&FINISHED, &["report", "--out", "all.html"]);
    assert!(output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("not run:") && said.contains("bandit-batch-size"), "{said}");
    let page = fs::read_to_string(FINISHED.join("all.html")).expect("the page");
    let none: [String; 0] = [];
    assert_eq!(breaches(&page), none);
    assert_eq!(page.matches("<section class=\"scenario\"").count(), 1);
    let seen = text(part(&page, "<section id=\"seen\"", "</section>"));
    assert!(seen.contains("without finished runs") && seen.contains("bandit-batch-size"));
    assert!(!page.contains("id=\"claims\""), "there is no claim, so there is no table");
}

#[test]
fn bad_input_is_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().expect("temporary folder");
    fs::create_dir(folder.path().join("taken")).expect("made");
    let cases: [(&[&str], &str); 4] = [
        (&["report", "bandit-batch-sise"], "bandit-batch-size"),
        (&["report"], "modeseek reproduce"),
        (&["report", "bandit-batch-size", "--out", "taken"], "taken/report.html"),
        (&["report", "bandit-batch-size", "--set", "schedule.pases=2"], "passes"),
    ];
    for (arguments, remedy) in cases {
        let output = modeseek(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(errors.contains(remedy) && output.stdout.is_empty(), "{arguments:?}: {errors}");
        let left: Vec<_> = fs::read_dir(folder.path()).expect("readable").collect();
        assert_eq!(left.len(), 1, "{arguments:?} left {left:?}");
    }
}

#[test]
fn reproduce_ends_by_naming_the_page_and_a_quick_look_has_a_banner_and_no_verdicts() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let said = works(folder.path(), &["reproduce", "kl-toy", "--quick"]);
    let last = said.lines().last().expect("a line");
    let path = "quick/figures/report-kl-toy.html";
    assert_eq!(last, format!("open {path}: what was run, drawn and found, in one page"));
    let page = fs::read_to_string(folder.path().join(path)).expect("the page");
    let none: [String; 0] = [];
    assert_eq!(breaches(&page), none);
    assert!(text(&page).contains("A quick look, no result. 3 seeds and 1/4 of every run's steps"));
    assert!(!page.contains("class=\"verdict") && !page.contains("id=\"claims\""));
    let differs = text(part(&page, "<table class=\"differs\">", "</table>"));
    assert!(differs.contains("schedule.steps"), "{differs}");
}
