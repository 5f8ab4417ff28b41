//! Shell lines that are given an input and a time.

use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// The command at work, by its group of processes, which a second interrupt ends with the program; 0 for none.
static WATCHED: AtomicU32 = AtomicU32::new(0);

/// Ends the command at work, if there is one: a second interrupt ends it with the program.
pub fn end_watched() {
    let group = WATCHED.load(Ordering::Relaxed);
    if group != 0 {
        end_group(group);
    }
}

/// Ends a group of processes at once.
fn end_group(group: u32) {
    if cfg!(unix) {
        let line = format!("kill -s KILL -- -{group} 2> /dev/null");
        let _ = Command::new("sh").args(["-c", &line]).status();
    }
}

/// How long a line may take, and the flag that ends it before.
#[derive(Clone, Copy)]
pub struct Patience<'a> {
    /// The time.
    pub limit: Duration,
    /// The flag, if one is heeded.
    pub stop: Option<&'a AtomicBool>,
}

/// Why a line gave no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unanswered {
    /// The flag was raised.
    Interrupted,
    /// What it did instead, in words that follow "the command".
    Instead(String),
}

/// Runs the lines of rewards, each to its end or to this limit; an interrupt lets it finish.
#[derive(Debug)]
pub struct HostShell(pub Duration);

impl crate::llm::Shell for HostShell {
    fn answer(&self, line: &str, input: String) -> Result<String, String> {
        let patience = Patience { limit: self.0, stop: None };
        answer(line, input, patience).map_err(|unanswered| match unanswered {
            Unanswered::Interrupted => "was interrupted".to_owned(),
            Unanswered::Instead(what) => what,
        })
    }
}

/// What a shell line writes when it is given `input`; it is ended after the limit, or by the flag, with everything that
/// it started.
pub fn answer(line: &str, input: String, patience: Patience<'_>) -> Result<String, Unanswered> {
    let mut command = Command::new("sh");
    command.args(["-c", line]).stdin(Stdio::piped()).stdout(Stdio::piped());
    // A group of its own, so that what the line starts can be ended with it.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn().map_err(|e| instead(format!("cannot start: {e}")))?;
    let mut stdin = child.stdin.take().expect("a pipe");
    // A command that ends early closes its input, which its exit status tells better.
    thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let mut stdout = child.stdout.take().expect("a pipe");
    let (sender, said) = channel();
    thread::spawn(move || {
        let mut text = String::new();
        // Nobody listens any more once the limit has passed.
        drop(sender.send(stdout.read_to_string(&mut text).map(|_| text)));
    });
    let mut running = Running { child, said };
    WATCHED.store(running.child.id(), Ordering::Relaxed);
    let finished = running.finish(patience);
    WATCHED.store(0, Ordering::Relaxed);
    if finished.is_err() {
        running.end();
    }
    finished
}

fn instead(what: String) -> Unanswered {
    Unanswered::Instead(what)
}

/// A command at work.
struct Running {
    child: Child,
    /// All that it wrote, once everybody who holds its output has closed it.
    said: Receiver<std::io::Result<String>>,
}

impl Running {
    /// Waits for its end and for the end of its output, which a process that it left behind may hold open.
    fn finish(&mut self, patience: Patience<'_>) -> Result<String, Unanswered> {
        /// The first pause, and the longest; most lines end soon.
        const PAUSES: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(20)];
        let begun = Instant::now();
        let (mut status, mut said, mut pause) = (None, None, PAUSES[0]);
        loop {
            status = status.or(self.status()?);
            said = said.or(self.said()?);
            if let Some(status) = status.filter(|status| !status.success()) {
                return Err(instead(format!("failed: {status}")));
            }
            if status.is_some()
                && let Some(said) = said.take()
            {
                return Ok(said);
            }
            if patience.stop.is_some_and(|stop| stop.load(Ordering::Relaxed)) {
                return Err(Unanswered::Interrupted);
            }
            if begun.elapsed() > patience.limit {
                let seconds = patience.limit.as_secs();
                let what = format!("took longer than {seconds} s (--limit-seconds gives it more)");
                return Err(instead(what));
            }
            thread::sleep(pause);
            pause = (2 * pause).min(PAUSES[1]);
        }
    }

    fn status(&mut self) -> Result<Option<ExitStatus>, Unanswered> {
        self.child.try_wait().map_err(|e| instead(format!("cannot be waited for: {e}")))
    }

    fn said(&self) -> Result<Option<String>, Unanswered> {
        match self.said.try_recv() {
            Ok(said) => said.map(Some).map_err(|e| instead(format!("wrote no text: {e}"))),
            // Not yet, or it was taken before.
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => Ok(None),
        }
    }

    /// Ends it with everything that it started.
    fn end(&mut self) {
        end_group(self.child.id());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
