//! `modeseek loss`: what it writes, and the message for every fault of its input.

use modeseek::calculator::loss;
use std::io::Write as _;

/// Runs the calculator on a CSV text; the output as text, or the message.
fn run(method: &str, csv: &str, set: &[&str]) -> Result<String, String> {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(csv.as_bytes()).expect("written");
    let set: Vec<String> = set.iter().map(|text| text.to_string()).collect();
    let mut out = Vec::new();
    let done = loss(method, file.path(), &set, &mut out).map_err(|error| error.to_string());
    assert!(done.is_ok() || out.is_empty(), "an error writes nothing");
    done.map(|()| String::from_utf8(out).expect("text"))
}

/// The appended numbers of every row: `[loss, coefficients…]`.
fn numbers(method: &str, csv: &str, set: &[&str]) -> Vec<Vec<f64>> {
    let text = run(method, csv, set).expect("valid");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().expect("a header").clone();
    let first = header.iter().position(|name| name == "loss").expect("a loss");
    let row = |row: Result<csv::StringRecord, _>| {
        let row = row.expect("a row");
        row.iter().skip(first).map(|cell| cell.parse().expect("a number")).collect()
    };
    reader.records().map(row).collect()
}

fn refusal(method: &str, csv: &str, set: &[&str]) -> String {
    run(method, csv, set).expect_err("refused")
}

const PAIR: &str = "policy_logp_chosen,policy_logp_rejected,ref_logp_chosen,ref_logp_rejected";
const GROUP: &str = "prompt,policy_logp,reward\na,-1.5,1\nb,-0.5,3\na,-2.5,2\nb,-4,-1\na,-3.5,4\n";

/// h = (−12 + 13) − (−15 + 14) = 2.
fn pair() -> String {
    format!("{PAIR}\n-12,-15,-13,-14\n")
}

#[test]
fn the_output_passes_columns_through_and_appends_seventeen_digits() {
    let csv = "# a comment\nnote, policy_logp ,advantage\n\"x, y\",-1.5,0.1\n# more\nz,-2,-3\n";
    assert_eq!(
        run("reinforce", csv, &[]).expect("valid"),
        "note,policy_logp,advantage,loss,coefficient\n\
         \"x, y\",-1.5,0.1,1.5000000000000002e-1,-1.0000000000000001e-1\n\
         z,-2,-3,-6.0000000000000000e0,3.0000000000000000e0\n"
    );
}

#[test]
fn pair_methods_have_their_hand_checked_losses() {
    let close = |method, set: &[&str], loss: f64, coefficient: f64| {
        let row = numbers(method, &pair(), set).remove(0);
        assert!((row[0] - loss).abs() < 5e-7, "{method}: {row:?}");
        assert!((row[1] - coefficient).abs() < 5e-7, "{method}: {row:?}");
        assert_eq!(row[2], -row[1]);
    };
    // −β σ(−0.2) = −0.1·0.450166.
    close("dpo", &[], 0.598139, -0.0450166);
    close("dpo", &["beta=0.1", "label_smoothing=0.1"], 0.618139, -0.0350166);
    close("hinge", &[], 0.8, -0.1);
    close("ipo", &["tau=0.1"], 9.0, -6.0);
    close("ipo", &["target_margin=5"], 9.0, -6.0);
}

#[test]
fn pref_ft_reads_the_chosen_column_only() {
    let row = numbers("pref-ft", "policy_logp_chosen\n-2.5\n", &[]).remove(0);
    assert_eq!(row, [2.5, -1.0, 0.0]);
    let row = numbers("pref-ft", "policy_logp_chosen,policy_logp_rejected\n-2.5,\n", &[]).remove(0);
    assert_eq!(row, [2.5, -1.0, 0.0]);
    let certain = run("pref-ft", "policy_logp_chosen\n0\n", &[]).expect("valid");
    assert!(certain.contains("\n0,0.0000000000000000e0,-1.0"), "no minus before zero: {certain}");
}

#[test]
fn sample_methods_read_reward_or_advantage() {
    let csv = "policy_logp,reward,temperature\n-2,1,2\n-2,5,1\n";
    // min(e^(1/2), 20) and min(e^5, 20).
    let rows = numbers("rwr", csv, &[]);
    assert_eq!(rows[0], [2.0 * 0.5f64.exp(), -(0.5f64.exp())]);
    assert!((rows[1][1] + 20.0).abs() < 1e-13, "{rows:?}");
    assert_eq!(numbers("reinforce", csv, &[])[1], [10.0, -5.0]);
    // Ratio e^0.5 = 1.65 of a good response: clipped to 1.2.
    let csv = "policy_logp,old_logp,advantage\n-1,-1.5,2\n";
    assert_eq!(numbers("ppo", csv, &[])[0], [-2.4, 0.0]);
    let free = numbers("ppo", csv, &["ratio_clip=none"]).remove(0);
    assert_eq!(free, [-2.0 * 0.5f64.exp(), -2.0 * 0.5f64.exp()]);
}

#[test]
fn rows_of_a_prompt_need_not_be_adjacent() {
    // a: rewards 1, 2, 4 give advantages −2, −0.5, 2.5; b: 3, −1 give 4, −4.
    let rloo = numbers("rloo", GROUP, &[]);
    let coefficients: Vec<f64> = rloo.iter().map(|row| row[1]).collect();
    assert_eq!(coefficients, [2.0, -4.0, 0.5, 4.0, -2.5]);
    assert_eq!(rloo[0][0], -3.0);
    let best = numbers("best-of-n", GROUP, &[]);
    assert_eq!(best, [[0.0, 0.0], [0.5, -1.0], [0.0, 0.0], [0.0, 0.0], [3.5, -1.0]]);
    // The mean of a's two others: α/2 each; b has one other.
    let pushed = numbers("unlikelihood", GROUP, &["alpha=0.5", "pushed=mean"]);
    assert_eq!(pushed, [[-0.375, 0.25], [0.5, -1.0], [-0.625, 0.25], [-2.0, 0.5], [3.5, -1.0]]);
}

#[test]
fn set_beats_a_column_and_a_column_beats_the_default() {
    let csv = "policy_logp,reward,temperature,weight_clip\n-1,1,,2\n";
    assert_eq!(numbers("rwr", csv, &["temperature=4"])[0], [0.25f64.exp(), -(0.25f64.exp())]);
    assert_eq!(
        refusal("rwr", csv, &[]),
        "line 2: the cell of `temperature` is empty; every row needs one"
    );
    let both = format!("{PAIR},tau,target_margin\n-12,-15,-13,-14,0.1,7\n");
    assert_eq!(numbers("ipo", &both, &["tau=0.1"])[0][0], 9.000000000000000);
    assert_eq!(numbers("ipo", &both, &["target_margin=3"])[0][0], 1.0);
    assert!(refusal("ipo", &both, &[]).starts_with("line 2: `tau` is given beside"));
    let one = format!("{PAIR},target_margin\n-12,-15,-13,-14,3\n");
    assert_eq!(numbers("ipo", &one, &[])[0][0], 1.0);
    assert_eq!(numbers("ipo", &one, &["tau=0.1"])[0][0], 9.0);
}

#[test]
fn a_file_without_rows_gives_its_header() {
    let text = run("hinge", PAIR, &[]).expect("valid");
    assert_eq!(text, format!("{PAIR},loss,coefficient_chosen,coefficient_rejected\n"));
}

#[test]
fn every_fault_of_the_command_has_its_message() {
    let csv = pair();
    assert_eq!(
        refusal("best-of-m", &csv, &[]),
        "there is no method `best-of-m` (did you mean `best-of-n`?); methods are `dpo`, `ipo`, \
         `hinge`, `pref-ft`, `best-of-n`, `rwr`, `reinforce`, `rloo`, `ppo`, `unlikelihood`"
    );
    assert_eq!(
        refusal("dpo", &csv, &["betta=0.1"]),
        "--set betta: `dpo` has no parameter of that name (did you mean `beta`?); it has `beta`, \
         `label_smoothing`"
    );
    assert_eq!(
        refusal("pref-ft", &csv, &["beta=1"]),
        "--set beta: `pref-ft` has no parameter of that name; it has none"
    );
    assert_eq!(
        refusal("ipo", &csv, &["tau"]),
        "--set tau: write key=value, for example --set tau=0.1"
    );
    assert_eq!(
        refusal("ppo", &csv, &["ratio_clip=off"]),
        "--set ratio_clip=off: a finite number or `none` is needed"
    );
    assert_eq!(
        refusal("unlikelihood", &csv, &["pushed=best"]),
        "--set pushed=best: one of `worst`, `mean`, `sum` is needed"
    );
    assert_eq!(
        refusal("dpo", &csv, &["beta=1", "beta=2"]),
        "--set beta is given twice; give it once"
    );
    assert_eq!(
        refusal("dpo", &csv, &["beta=-1"]),
        "`beta` is -1; allowed is a finite number above zero: 0.1 is the default"
    );
    assert!(refusal("ipo", &csv, &[]).starts_with("`target_margin` is missing, and so is `tau`"));
    assert!(refusal("ipo", &csv, &["tau=1", "target_margin=1"]).starts_with("`tau` is given"));
}

#[test]
fn every_fault_of_the_file_names_its_line() {
    assert_eq!(
        refusal("rwr", "# c\npolicy_log,reward\n-1,2\n", &[]),
        "line 2: the header has no column `policy_logp` (did you mean `policy_log`?); it has \
         `policy_log`, `reward`"
    );
    assert_eq!(
        refusal("reinforce", "policy_logp\n-1\n", &[]),
        "line 1: the header has no column `advantage` or `reward`; it has `policy_logp`"
    );
    assert!(refusal("rwr", "", &[]).ends_with("it has none"));
    assert_eq!(
        refusal("rwr", "policy_logp,reward,reward\n-1,2,3\n", &[]),
        "line 1: the header has the column `reward` more than once; rename all but one"
    );
    assert_eq!(
        refusal("rwr", "policy_logp,reward\r\n-1,2\r\n\r\n# c\r\n-1\r\n", &[]),
        "line 5: 1 cells were given, the header has 2"
    );
    assert_eq!(
        refusal("rwr", "note,policy_logp,reward\n\"two\nlines\",-1,2\nx,-1,oops", &[]),
        "line 4: `reward` is `oops`; a finite number is needed"
    );
    assert_eq!(
        refusal("rwr", "note,policy_logp,reward\n\"two\nlines\",-1,oops\n", &[]),
        "line 2: `reward` is `oops`; a finite number is needed"
    );
    for bad in ["nan", "inf", "-inf", "1e999"] {
        assert_eq!(
            refusal("rwr", &format!("policy_logp,reward\n-1,1\n-1,{bad}\n"), &[]),
            format!("line 3: `reward` is `{bad}`; a finite number is needed")
        );
    }
    assert_eq!(
        refusal("rwr", "policy_logp,reward,weight_clip\n-1,1,0\n", &[]),
        "line 2: `weight_clip` is 0; allowed is a finite number above zero: 20 is the default; a \
         large number such as 1e300 clips nothing"
    );
    assert_eq!(
        refusal("rwr", "policy_logp,reward,weight_clip\n-1,1,x\n", &[]),
        "line 2: `weight_clip` is `x`; a finite number is needed"
    );
    assert_eq!(
        refusal("best-of-n", "prompt,policy_logp,reward\n,-1,1\n", &[]),
        "line 2: the cell of `prompt` is empty; every row needs one"
    );
    assert_eq!(
        refusal("rloo", "prompt,policy_logp,reward\na,-1,1\nb,-1,1\nb,-1,1\n", &[]),
        "line 2: prompt `a` has one row; rloo needs two rows of a prompt or more"
    );
    assert_eq!(
        refusal("unlikelihood", "prompt,policy_logp,reward,alpha\na,-1,1,1\na,-1,1,2\n", &[]),
        "line 3: prompt `a` has other parameters on line 2; make them equal"
    );
    let mut nowhere = Vec::new();
    let missing = loss("dpo", std::path::Path::new("no/such.csv"), &[], &mut nowhere);
    let message = missing.expect_err("no file").to_string();
    assert!(message.starts_with("no/such.csv: ") && message.ends_with("give a CSV file in UTF-8"));
}
