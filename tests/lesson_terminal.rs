//! A lesson on a terminal: it asks, refuses what it cannot take, and goes on.

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use std::io::{Read, Write};

#[test]
fn on_a_terminal_every_question_is_asked_and_an_empty_line_skips_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let size = PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).expect("a terminal");
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_modeseek"));
    command.args(["lesson", "2"]);
    command.cwd(folder.path());
    let mut child = pair.slave.spawn_command(command).expect("started");
    drop(pair.slave);
    let mut reader = pair.master.try_clone_reader().expect("a reader");
    let mut writer = pair.master.take_writer().expect("a writer");
    // Question 1: z is refused, b is right; 2 is skipped; 3 is right; 4 is wrong.
    writer.write_all(b"z\nb\n\nb\nholds\n").expect("typed");
    let mut seen = Vec::new();
    // The terminal ends with an error on Linux when the program does.
    let _ = reader.read_to_end(&mut seen);
    assert!(child.wait().expect("ended").success());
    let text = String::from_utf8_lossy(&seen).replace('\r', "");
    assert!(
        text.contains("question 1 cannot be predicted as `z`; allowed: a (forward KL), b"),
        "{text}"
    );
    assert!(text.contains("Predict; enter alone skips a question."), "{text}");
    assert!(text.contains("Score: 2 of 3 (1 without a mark)"), "{text}");
}
