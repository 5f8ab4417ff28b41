//! The page of the laboratory: one file without a request, whose script gives the numbers of the
//! Rust learner. The script is run by an engine of its own here; `tests/browser` opens the page.

use boa_engine::{Context, Source};
use modeseek::laboratory::{Data, METHODS, Policy, Reward, Settings, film};
use modeseek::page::{ENGINE, page, world};
use serde_json::Value;

/// What a script's last expression is, as JSON.
fn evaluate(context: &mut Context, script: &str) -> Value {
    let found = context
        .eval(Source::from_bytes(script))
        .unwrap_or_else(|e| panic!("{e}: {}", &script[..script.len().min(200)]));
    let text = found.as_string().expect("a string").to_std_string_escaped();
    serde_json::from_str(&text).expect("JSON")
}

/// The page's learner, ready to run.
fn script() -> Context {
    let mut context = Context::default();
    let world = world().expect("the laboratory's problems");
    // `const` in a script is not a property of the global object, but later scripts see it.
    evaluate(&mut context, &format!("{ENGINE}\nconst world = {world}; '0'"));
    context
}

/// Frames of the page's learner at some steps, as `[queries, reward, forward, reverse, down,
/// pushes…, π…, shown pushes…]`.
fn pictures(context: &mut Context, settings: &Settings, method: &str, steps: &[u64]) -> Value {
    let settings = serde_json::to_string(settings).expect("JSON");
    evaluate(
        context,
        &format!(
            "(() => {{ const s = {settings};\n\
             const run = new Engine.Run(s, '{method}', world, Random.sampleUniforms(s.seed));\n\
             run.reach(s.steps);\n\
             if (run.failed) return JSON.stringify(run.failed);\n\
             const row = (f) => [f.queries, f.reward, f.forwardKl, f.reverseKl, f.down ?? 0,\n\
                 ...f.pushes, ...f.pi];\n\
             const shown = (step) => [...row(run.frames[step]), ...run.pushes(step)];\n\
             return JSON.stringify({steps:?}.map(shown)); }})()"
        ),
    )
}

/// The same numbers of the Rust learner.
fn expected(settings: &Settings, method: &'static str, steps: &[u64]) -> Vec<Vec<f64>> {
    let film = film(settings, method).unwrap_or_else(|e| panic!("{method}: {e}"));
    let row = |step: &u64| {
        let picture = &film.pictures[*step as usize];
        let frame = &picture.frame;
        let down = frame.report.as_ref().map_or(0.0, |report| report.negative_gradient_mass);
        let mut row = vec![frame.queries as f64, picture.gold_reward];
        row.extend([picture.forward_kl_ref, picture.reverse_kl_ref, down]);
        row.extend(&frame.pushes);
        row.extend(&frame.probabilities);
        row.extend(film.pushes(*step as usize));
        row
    };
    steps.iter().map(row).collect()
}

/// Compares the two learners; `tolerance` is relative to numbers above 1, absolute below.
fn agree(context: &mut Context, settings: &Settings, method: &'static str, tolerance: f64) {
    let steps = [0, 1, 2, settings.steps / 2, settings.steps];
    let page = pictures(context, settings, method, &steps);
    let rust = expected(settings, method, &steps);
    for ((step, rust), page) in steps.iter().zip(rust).zip(page.as_array().expect("frames")) {
        let page: Vec<f64> =
            page.as_array().expect("numbers").iter().map(|x| x.as_f64().expect("finite")).collect();
        assert_eq!(page.len(), rust.len());
        for (i, (a, b)) in rust.iter().zip(&page).enumerate() {
            assert!(
                (a - b).abs() <= tolerance * a.abs().max(1.0),
                "{method}, {}, step {step}, number {i}: Rust {a}, page {b}",
                settings.to_query()
            );
        }
    }
}

/// Every choice of words with every method: the same seed gives the same numbers.
#[test]
fn the_script_gives_the_numbers_of_the_learner() {
    let mut context = script();
    for reward in Reward::ALL {
        for policy in Policy::ALL {
            for data in Data::ALL {
                let learning_rate = policy.learning_rate();
                let settings = Settings { reward, policy, data, ..Settings::default() };
                let settings = Settings { learning_rate, steps: 12, seed: 3, ..settings };
                for method in METHODS {
                    agree(&mut context, &settings, method, 1e-9);
                }
            }
        }
    }
}

/// Rounds of several minibatches and passes: the shuffles of prompts and minibatches are the same.
#[test]
fn orders_and_stale_rounds_are_the_same() {
    let mut context = script();
    let turned = ["b=400&t=3", "b=1600&data=offline", "b=300&t=2&data=skewed&seed=4321"];
    for query in turned {
        let settings = Settings::from_query(&format!("{query}&steps=36&beta=0.05&lr=0.03"));
        for method in ["pref-ft", "dpo", "ppo", "reinforce"] {
            agree(&mut context, settings.as_ref().expect("valid"), method, 1e-9);
        }
    }
}

/// A collapsed policy rests in both, and long runs stay together.
#[test]
fn long_runs_stay_together() {
    let mut context = script();
    let settings = Settings::from_query("reward=near&lr=1&steps=250").expect("valid");
    agree(&mut context, &settings, "dpo", 1e-7);
    agree(&mut context, &settings, "reinforce", 1e-7);
}

#[test]
fn the_page_is_one_small_file_without_requests() {
    let text = page(&Settings::default()).expect("a page");
    assert!(text.len() < 1_000_000, "{} bytes", text.len());
    let policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";
    assert!(text.contains(policy));
    for fetching in
        ["src=\"http", "@import", "url(http", "fetch(", "XMLHttpRequest", "<link rel=\"style"]
    {
        assert!(!text.contains(fetching), "{fetching}");
    }
    // The only address is the paper's, behind a link.
    let addresses = text.matches("https://").count();
    assert_eq!(addresses, text.matches("https://arxiv.org/abs/2404.14367").count());
    assert!(text.contains("<html lang=\"en\">") && text.contains("name=\"viewport\""));
}

/// The page writes the scenario that the settings write.
#[test]
fn patterns_filled_in_by_the_page_are_the_scenario() {
    let text = page(&Settings::default()).expect("a page");
    let json = text.split("id=\"data-json\">").nth(1).and_then(|t| t.split("</script>").next());
    let data: Value = serde_json::from_str(json.expect("data")).expect("JSON");
    let settings =
        Settings::from_query("policy=bump&reward=two-modes&data=skewed&beta=1&methods=dpo,rwr")
            .expect("valid");
    let patterns = &data["patterns"];
    let pattern = patterns["scenarios"]["two-modes/bump/skewed"].as_str().expect("a pattern");
    let block = |name: &str| patterns["methods"][name].as_str().expect("a block").to_owned();
    let methods = block("rwr") + &block("dpo");
    let filled = [("METHODS", methods.as_str()), ("BETA", "1.0"), ("B", "100"), ("T", "1")]
        .into_iter()
        .chain([("RATE", "0.1"), ("STEPS", "300"), ("SEED", "0")])
        .fold(pattern.to_owned(), |text, (name, value)| text.replace(&format!("@{name}@"), value));
    assert_eq!(filled, settings.scenario());
    assert!(!filled.contains('@'));
}
