//! What ctrl-c does.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// The flag that an interrupt raises, after `told` is said; a second interrupt ends the program at once.
pub fn interrupts(told: &'static str) -> &'static AtomicBool {
    static RAISED: AtomicBool = AtomicBool::new(false);
    static HANDLER: OnceLock<()> = OnceLock::new();
    HANDLER.get_or_init(|| {
        let handler = move || {
            if RAISED.swap(true, Ordering::Relaxed) {
                #[cfg(feature = "llm")]
                super::shell::end_watched();
                std::process::exit(130);
            }
            eprintln!("\n{told}");
        };
        // Without a handler an interrupt simply ends the program; finished runs stay all the same.
        let _ = ctrlc::set_handler(handler);
    });
    &RAISED
}
