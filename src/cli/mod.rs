//! What is typed: one file per subcommand.

pub mod loss;
