use super::*;
use crate::cli::demo::knobs::Knob;

fn filmed(query: &str) -> State {
    let settings = Settings::from_query(query).expect("valid");
    let mut state = State::new(settings, None);
    state.receive(Reel::new(&state.settings, None));
    state
}

#[test]
fn the_play_head_moves_at_its_speed_and_stops_at_the_end() {
    let mut state = filmed("steps=30&methods=dpo");
    state.pass(Duration::from_millis(500));
    assert_eq!((state.step(), state.motion), (10, Motion::Playing));
    state.act(Action::Speed(Way::Up));
    state.pass(Duration::from_millis(100));
    assert_eq!(state.step(), 15);
    state.pass(Duration::from_secs(9));
    assert_eq!((state.step(), state.motion), (30, Motion::Paused));
    state.pass(Duration::from_secs(9));
    assert_eq!(state.step(), 30);
    state.act(Action::Pause);
    assert_eq!((state.step(), state.motion), (0, Motion::Playing));
}

#[test]
fn stepping_pauses_and_stays_within_the_run() {
    let mut state = filmed("steps=30&methods=dpo");
    for (action, step) in [
        (Action::Back, 0),
        (Action::Forward, 1),
        (Action::End, 30),
        (Action::Forward, 30),
        (Action::Back, 29),
        (Action::Start, 0),
    ] {
        assert_eq!(state.act(action), Request::Nothing);
        assert_eq!((state.step(), state.motion), (step, Motion::Paused), "{action:?}");
    }
}

#[test]
fn changed_settings_keep_the_step_and_wait_for_their_films() {
    let mut state = filmed("steps=30&methods=dpo");
    state.pass(Duration::from_millis(500));
    state.act(Action::Reward);
    assert_eq!(state.settings.reward, Reward::TwoModes);
    assert!(state.is_waiting());
    state.pass(Duration::from_secs(1));
    assert_eq!(state.step(), 10);
    state.receive(Reel::new(&state.settings, state.reel.as_ref()));
    assert!(!state.is_waiting());
    state.pass(Duration::from_millis(50));
    assert_eq!(state.step(), 11);
}

#[test]
fn keys_change_what_they_name() {
    let mut state = State::new(Settings::default(), Some(0));
    assert!(!state.is_changed());
    for action in [
        Action::Data,
        Action::Policy,
        Action::Turn(Knob::Beta, Way::Down),
        Action::Turn(Knob::Samples, Way::Up),
        Action::Turn(Knob::Passes, Way::Up),
        Action::Turn(Knob::Rate, Way::Up),
        Action::Turn(Knob::Seed, Way::Up),
        Action::Method("forward-kl"),
    ] {
        state.act(action);
    }
    let query = "reward=far&policy=bump&data=offline&beta=0.05&b=200&t=2&lr=0.02&steps=300&seed=1&\
                 methods=reverse-kl,best-of-n,dpo,ipo,reinforce";
    assert_eq!(state.settings.to_query(), query);
    assert!(state.is_changed());
    state.act(Action::Link);
    assert_eq!(state.message, Some(format!("modeseek demo \"{query}\"")));
    state.act(Action::Preset);
    assert_eq!((state.preset, state.is_changed(), state.step()), (Some(1), false, 0));
}

#[test]
fn help_closes_on_any_key_before_it_does_anything() {
    let mut state = State::new(Settings::default(), None);
    state.act(Action::Help);
    assert_eq!(state.act(Action::Leave), Request::Nothing);
    assert_eq!(state.page, Page::Panels);
    state.act(Action::Help);
    state.act(Action::Reward);
    assert_eq!((state.page, state.settings.reward), (Page::Panels, Reward::Far));
    state.act(Action::Help);
    assert_eq!(state.act(Action::Quit), Request::Quit);
    assert_eq!(State::new(Settings::default(), None).act(Action::Leave), Request::Quit);
    assert_eq!(State::new(Settings::default(), None).act(Action::Write), Request::Write);
}
