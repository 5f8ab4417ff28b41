//! `modeseek demo` in a pseudo-terminal: its keys, its numbers, and the terminal it leaves behind;
//! and the plain frames where there is no terminal.

use modeseek::laboratory::{Film, METHODS, PRESETS, Settings, film, geometry};
use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// Long enough for a machine that is busy with everything else.
const PATIENCE: Duration = Duration::from_secs(120);

const BINARY: &str = env!("CARGO_BIN_EXE_modeseek");

/// A terminal in which the demo runs.
struct Session {
    master: Box<dyn MasterPty + Send>,
    keyboard: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    child: Box<dyn Child + Send + Sync>,
}

/// Rows or columns of the screen.
fn characters(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).expect("not none")
}

fn size(rows: u16, cols: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

impl Session {
    /// Starts `modeseek demo` with some arguments in a window of 40 rows and 120 columns.
    fn start(arguments: &[&str], folder: &Path) -> Session {
        let pair = native_pty_system().openpty(size(40, 120)).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(BINARY);
        command.arg("demo");
        command.args(arguments);
        command.cwd(folder);
        command.env("TERM", "xterm-256color");
        command.env_remove("NO_COLOR");
        let child = pair.slave.spawn_command(command).expect("started");
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let (send, output) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // The end of the terminal is an error on Linux and zero bytes elsewhere.
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                if send.send(bytes[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        let keyboard = pair.master.take_writer().expect("a writer");
        let screen = vt100::Parser::new(characters(40), characters(120), 0);
        let mut session = Session { master: pair.master, keyboard, output, screen, child };
        session.wait("first screen", |text| text.contains("reward E_π[r]"));
        session
    }

    fn text(&self) -> String {
        self.screen.screen().contents()
    }

    /// Reads until the screen is as wanted, and returns its text.
    fn wait(&mut self, wanted: &str, is_there: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + PATIENCE;
        while !is_there(&self.text()) {
            match self.output.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.screen.process(&bytes),
                Err(why) => panic!("no {wanted} ({why}):\n{}", self.text()),
            }
        }
        self.text()
    }

    fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).expect("typed");
        self.keyboard.flush().expect("typed");
    }

    /// Waits until the panels show the films of some settings at a step.
    fn wait_for(&mut self, settings: &Settings, step: usize) -> String {
        let titles = titles(settings, step);
        let moment = format!("step {step} of {}", settings.steps);
        self.wait(&format!("{moment} with {titles:?}"), |text| {
            text.contains(&moment) && text.contains("paused") && shows(text, &titles)
        })
    }

    fn resize(&mut self, rows: u16, cols: u16) {
        self.screen.screen_mut().set_size(characters(rows), characters(cols));
        self.master.resize(size(rows, cols)).expect("resized");
    }

    /// Reads to the end: the exit code, with the screen as it was left.
    fn end(mut self) -> (ExitStatus, vt100::Parser) {
        let end = Instant::now() + PATIENCE;
        loop {
            match self.output.recv_timeout(Duration::from_millis(50)) {
                Ok(bytes) => self.screen.process(&bytes),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    assert!(Instant::now() < end, "it goes on:\n{}", self.text());
                    if self.child.try_wait().expect("a child").is_some() {
                        // What it wrote last is in the channel by now, or is read within this time.
                        while let Ok(bytes) = self.output.recv_timeout(Duration::from_secs(1)) {
                            self.screen.process(&bytes);
                        }
                        break;
                    }
                }
            }
        }
        (self.child.wait().expect("ended"), self.screen)
    }
}

fn settings(query: &str) -> Settings {
    Settings::from_query(query).unwrap_or_else(|error| panic!("{error}"))
}

fn films(settings: &Settings) -> Vec<Film> {
    settings.methods.iter().map(|method| film(settings, method).expect("a film")).collect()
}

/// Name, reward and divergence of each method, as the panels print them.
fn titles(settings: &Settings, step: usize) -> Vec<[String; 3]> {
    let title = |film: Film| {
        let number = METHODS.iter().position(|name| *name == film.method).expect("known") + 1;
        let picture = &film.pictures[step];
        let reward = format!("reward {:.3}", picture.gold_reward);
        let kl = match picture.reverse_kl_ref {
            kl if kl < 9.995 => format!(" {kl:.2}"),
            kl => format!(" {kl:.1}"),
        };
        [format!("{number} {}", film.method), reward, kl]
    };
    films(settings).into_iter().map(title).collect()
}

/// Whether some row has each title's words one after another.
fn shows(text: &str, titles: &[[String; 3]]) -> bool {
    let in_order = |row: &str, words: &[String; 3]| {
        let rest =
            words.iter().try_fold(row, |rest, word| rest.split_once(word.as_str()).map(|s| s.1));
        rest.is_some()
    };
    titles.iter().all(|title| text.lines().any(|row| in_order(row, title)))
}

#[test]
fn keys_change_the_settings_and_the_numbers_are_those_of_the_films() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut session = Session::start(&["reward=far&steps=40"], folder.path());
    assert!(session.screen.screen().alternate_screen());
    let start = settings("reward=far&steps=40");
    // To the end and back: the play-head stands still from here on.
    session.press("\x1b[F");
    session.wait_for(&start, 40);
    session.press("\x1b[D\x1b[D");
    session.wait_for(&start, 38);
    session.press("\x1b[C");
    session.wait_for(&start, 39);
    // The step is kept while settings change.
    session.press("rr");
    let text = session.wait_for(&settings("reward=near&steps=40"), 39);
    assert!(text.contains("reward near"), "{text}");
    session.press("BBd");
    let query = "reward=near&data=offline&beta=0.5&steps=40";
    let text = session.wait_for(&settings(query), 39);
    assert!(text.contains("β 0.5") && text.contains("data offline"), "{text}");
    session.press("1239");
    session.wait_for(
        &settings(&format!("{query}&methods=pref-ft,best-of-n,dpo,ipo,reinforce,ppo")),
        39,
    );
    // The panels stand before the curves' names do: a screen comes in pieces.
    session.wait("the methods", |text| !text.contains("forward-kl") && text.contains("9 ppo"));
    session.press("c");
    let methods = "methods=pref-ft,best-of-n,dpo,ipo,reinforce,ppo";
    let link = settings(&format!("{query}&{methods}")).to_query();
    session.wait("permalink", |text| text.replace('\n', "").contains(&link));
    session.press("?");
    session.wait("help", |text| text.contains("How to read it"));
    session.press("q");
    let (status, screen) = session.end();
    assert!(status.success(), "{status:?}");
    assert!(!screen.screen().alternate_screen() && !screen.screen().hide_cursor());
}

#[test]
fn it_plays_by_itself_until_it_is_paused_and_presets_follow_each_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut session = Session::start(&["--preset", "4"], folder.path());
    session.wait("play", |text| text.contains("▶ 20/s") && !text.contains("step 0 of"));
    session.press(" ");
    let text = session.wait("pause", |text| text.contains("paused"));
    let step =
        text.split_once("step ").and_then(|(_, rest)| rest.split_once(' ')).expect("a step").0;
    let step: usize = step.parse().expect("a number");
    session.wait_for(&settings(PRESETS[3].query), step);
    session.press("\t");
    let text = session.wait_for(&settings(PRESETS[4].query), 0);
    assert!(text.contains(PRESETS[4].name), "{text}");
    session.press("\x03");
    assert!(session.end().0.success());
}

#[test]
fn the_screen_follows_its_window() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut session = Session::start(&["steps=20"], folder.path());
    session.press("\x1b[F");
    session.wait_for(&settings("steps=20"), 20);
    session.resize(24, 80);
    session.wait("small screen", |text| {
        let rows: Vec<&str> = text.lines().collect();
        text.contains("step 20/20 paused")
            && rows.len() <= 24
            && settings("steps=20").methods.iter().all(|method| text.contains(method))
    });
    session.resize(10, 40);
    session.wait("word about the size", |text| text.replace('\n', " ").contains("60 × 18"));
    session.resize(40, 120);
    session.wait_for(&settings("steps=20"), 20);
    session.press("\x1b");
    assert!(session.end().0.success());
}

/// The scenario is one that `modeseek check` accepts, and no file is written over.
#[test]
fn the_settings_are_written_as_a_scenario_beside_what_is_there() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("laboratory.toml"), "mine").expect("written");
    let mut session = Session::start(&["reward=far&data=skewed&steps=20"], folder.path());
    session.press("\x1b[H");
    session.wait("pause", |text| text.contains("paused"));
    session.press("w");
    session.wait("name", |text| text.contains("modeseek run laboratory-2.toml"));
    session.press("q");
    assert!(session.end().0.success());
    let read = |name| std::fs::read_to_string(folder.path().join(name)).expect("a file");
    assert_eq!(read("laboratory.toml"), "mine");
    assert_eq!(read("laboratory-2.toml"), settings("reward=far&data=skewed&steps=20").scenario());
    let checked = Command::new(BINARY)
        .args(["check", "laboratory-2.toml"])
        .current_dir(folder.path())
        .output()
        .expect("started");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}

fn plain(arguments: &[&str]) -> Output {
    Command::new(BINARY).arg("demo").args(arguments).output().expect("started")
}

fn written(arguments: &[&str]) -> String {
    let output = plain(arguments);
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// The columns of each line of the frames are the films' numbers, and the bars their shape.
#[test]
fn without_a_terminal_frames_are_text_with_the_numbers_of_the_films() {
    let query = "reward=far&data=skewed&steps=40&methods=best-of-n,dpo";
    let text = written(&[query, "--frames", "3"]);
    assert_eq!(text, written(&[query, "--frames", "3"]));
    let rows: Vec<&str> = text.lines().collect();
    for film in films(&settings(query)) {
        let start = rows.iter().position(|row| *row == film.method).expect("a block") + 2;
        // 41^(1/2) − 1 = 5.4
        for (row, step) in rows[start..].iter().zip([0, 5, 40]) {
            let picture = &film.pictures[step];
            let mut words = row.split_whitespace();
            let mut next = || words.next().expect("a column").to_owned();
            assert_eq!(next(), step.to_string());
            assert_eq!(next(), picture.frame.queries.to_string());
            assert_eq!(next(), format!("{:.3}", picture.gold_reward));
            assert_eq!(next(), format!("{:.2}", picture.reverse_kl_ref));
            let bars: Vec<char> = row.chars().skip(32).collect();
            let pairs: Vec<f64> =
                picture.frame.probabilities.chunks(2).map(|pair| pair.iter().sum()).collect();
            let best = pairs.iter().cloned().fold(0.0, f64::max);
            for (bar, pair) in bars.iter().zip(&pairs) {
                let eighths = (pair / best * 8.0).round() as u32;
                assert_eq!(*bar as u32, if eighths == 0 { 0x20 } else { 0x2580 + eighths });
            }
            assert_eq!(bars.len(), 50);
        }
    }
    let still = geometry(&settings(query)).expect("a geometry");
    let peak =
        (0..100).max_by(|a, b| still.rewards[*a].total_cmp(&still.rewards[*b])).expect("arms");
    let row = rows.iter().find(|row| row.starts_with("reward  ")).expect("the reward");
    assert_eq!(row.chars().nth(32 + peak / 2), Some('█'));
    assert!(rows.iter().any(|row| row.starts_with("data  ")));
    assert!(!text.contains('\x1b'));
}

#[test]
fn six_frames_of_the_first_preset_are_the_default() {
    let text = written(&[]);
    assert_eq!(text, written(&["--preset", PRESETS[0].name]));
    assert_eq!(text, written(&["--preset", "1", "--frames", "6"]));
    let starts = |row: &&str| row.trim_start().starts_with("300 ");
    assert_eq!(text.lines().filter(starts).count(), Settings::default().methods.len());
    assert_ne!(text, written(&["--preset", "2"]));
}

#[test]
fn settings_that_do_not_exist_are_refused_before_any_work() {
    for (arguments, says) in [
        (&["reward=fat"][..], "did you mean `far`?"),
        (&["beta=0"], "a number from 0.01 to 2"),
        (&["--preset", "Skewed date"], "did you mean"),
        (&["--preset", "8"], "there is no preset `8`"),
        (&["--frames", "0"], "a whole number from 1 to 601"),
        (&["beta=1", "--preset", "1"], "cannot be used with"),
    ] {
        let output = plain(arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(error.contains(says) && output.stdout.is_empty(), "{arguments:?}: {error}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child = Command::new(BINARY)
        .args(["demo", "steps=10", "--frames", "11"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("ended");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}
