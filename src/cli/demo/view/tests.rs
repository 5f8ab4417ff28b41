use super::*;
use crate::cli::demo::keys::Action;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

fn filmed(query: &str) -> State {
    let mut state = State::new(Settings::from_query(query).expect("valid"), None);
    state.receive(Reel::new(&state.settings, None));
    state.act(Action::End);
    state
}

/// The rows of a window of some size.
fn screen(state: &State, (width, height): (u16, u16)) -> Vec<String> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a screen");
    terminal.draw(|frame| draw(frame, state, Ink::Plain)).expect("drawn");
    let buffer = terminal.backend().buffer();
    let row = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    (0..height).map(row).collect()
}

/// Numbers of the films stand in the panels' titles, in windows of all sizes.
#[test]
fn every_panel_tells_the_reward_and_the_divergence_of_its_film() {
    let state = filmed("reward=far&steps=40");
    let reel = state.reel.as_ref().expect("films");
    for size in [(200, 60), (120, 40), (80, 24), (60, 20)] {
        let rows = screen(&state, size);
        for film in &reel.films {
            let last = &film.pictures[40];
            let title = rows.iter().find(|row| row.contains(film.method) && row.contains("KL"));
            let title = title.unwrap_or_else(|| panic!("{} in {rows:#?}", film.method));
            let reward = format!("{:.3}", last.gold_reward);
            let kl = format!("{:.2}", last.reverse_kl_ref);
            assert!(title.contains(&reward) && title.contains(&kl), "{title} {reward} {kl}");
        }
    }
}

#[test]
fn a_window_that_is_too_small_says_how_large_it_must_be() {
    let state = filmed("steps=10&methods=dpo");
    for size in [(59, 20), (60, 17), (20, 10)] {
        let text = screen(&state, size).join("");
        assert!(text.contains("needs a") && text.contains("60 × 18"), "{text}");
    }
    assert!(!screen(&state, (60, 18)).join("").contains("needs a"));
}

/// All nine methods have a panel in every window that is large enough for them.
#[test]
fn all_methods_fit() {
    let all = crate::laboratory::METHODS;
    let state = filmed(&format!("steps=10&methods={}", all.join(",")));
    for size in [(120, 40), (80, 24)] {
        let text = screen(&state, size).join("\n");
        for (k, method) in all.iter().enumerate() {
            let title = format!("{} {method}", k + 1);
            let has = |row: &str| row.contains(&title) && row.contains("KL");
            assert!(text.lines().any(has), "{method} {size:?}\n{text}");
        }
    }
    assert!(screen(&state, (60, 20)).join("").contains("There is no room"));
}

/// A histogram's area is the same whatever its shape: with a top of 1/40 a hundredth is 2/5 of it.
#[test]
fn bars_are_as_high_as_the_policy() {
    let state = filmed("reward=two-modes&steps=10&methods=forward-kl");
    let rows = screen(&state, (60, 40));
    let head = rows.iter().position(|row| row.contains("1 forward-kl")).expect("a panel");
    let reel = state.reel.as_ref().expect("films");
    let width = 60;
    let means =
        crate::cli::demo::bars::means(&reel.films[0].pictures[10].frame.probabilities, width);
    let most = means.iter().cloned().fold(0.0, f64::max);
    let top = crate::cli::demo::bars::round_up(most);
    let foot = rows.iter().position(|row| row.contains('▲')).expect("pushes");
    let height = (foot - head - 1) as f64;
    for (x, mean) in means.iter().enumerate() {
        let column = rows[head + 1..foot].iter().map(|row| row.chars().nth(x).unwrap_or(' '));
        let eighths: u32 =
            column.map(|c| if ('▁'..='█').contains(&c) { c as u32 - 0x2580 } else { 0 }).sum();
        let expected = mean / top * 8.0 * height;
        assert!((f64::from(eighths) - expected).abs() <= 0.5 + 1e-9, "{x} {eighths} {expected}");
    }
}

#[test]
fn pushes_have_both_signs_for_a_contrast_and_one_for_maximum_likelihood() {
    let signs = |method: &str| {
        let rows = screen(&filmed(&format!("steps=10&methods={method}")), (80, 24)).join("");
        (rows.contains(['▲', '▴']), rows.contains(['▼', '▾']))
    };
    assert_eq!(signs("best-of-n"), (true, false));
    assert_eq!(signs("ipo"), (true, true));
    assert_eq!(signs("reinforce"), (true, true));
}

#[test]
fn help_and_messages_are_seen_whole() {
    let methods = crate::laboratory::METHODS.join(",");
    let mut state = filmed(&format!("steps=10&methods={methods}"));
    state.act(Action::Link);
    for size in [(60, 20), (80, 24), (120, 40)] {
        let text = screen(&state, size).join("");
        assert!(text.contains(&state.settings.to_query()), "{text}");
    }
    for preset in 0..PRESETS.len() {
        state.preset = Some(preset);
        state.page = Page::Help;
        let text = screen(&state, (80, 24)).join("\n");
        assert!(text.contains("How to read it") && text.contains("permalink"), "{text}");
        assert!(text.contains("negative gradient"), "{text}");
    }
}

/// Colours follow the family; without colour none is set anywhere.
#[test]
fn without_colours_there_are_none() {
    let state = filmed("steps=10&data=skewed");
    let coloured = |ink| {
        let mut terminal = Terminal::new(TestBackend::new(120, 40)).expect("a screen");
        terminal.draw(|frame| draw(frame, &state, ink)).expect("drawn");
        let cells = terminal.backend().buffer().content().to_vec();
        let reset = ratatui::style::Color::Reset;
        cells.iter().filter(|cell| cell.fg != reset || cell.bg != reset).count()
    };
    assert_eq!(coloured(Ink::Plain), 0);
    assert!(coloured(Ink::Exact) > 1000 && coloured(Ink::Nearest) == coloured(Ink::Exact));
}
