//! The command line: one file per command, and what they share.
//!
//! Owns: flags, help texts, printing, exit codes.
//! Invariant: standard output carries only what was asked for; words for people go to standard
//! error.

mod backup;
mod completions;
mod config;
mod demo;
mod exit;
mod gc;
mod health;
mod import;
mod key;
mod org;
mod output;
mod processing;
mod progress;
mod runtime;
mod serve;
mod user;
mod verify;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::{Inputs, Loaded};

pub use exit::{Exit, Failure};

const AFTER_HELP: &str = "\
Settings come from flags, then the environment (BACKLOT_...), then backlot.toml in the data \
directory or the working directory, then defaults. `backlot config` prints them all.

Exit codes:
  0  done
  1  it failed, or faults were found
  2  the command line or the settings are wrong
  3  the server or its storage cannot be reached now; trying again may help
  4  refused as things stand: it exists already, or there is no such thing";

/// The open, self-hosted library behind products that make pictures with AI.
#[derive(Debug, Parser)]
#[command(name = "backlot", version, after_help = AFTER_HELP)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Cli {
    /// Which library is meant.
    #[command(flatten)]
    pub place: Place,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Where settings and data lie; every command takes these.
#[derive(Debug, Clone, Default, Args)]
pub struct Place {
    /// Where everything is kept: database, pictures, keys
    #[arg(long, value_name = "DIR", global = true)]
    pub data_dir: Option<PathBuf>,
    /// The settings file [default: backlot.toml in the data directory, then here]
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
}

impl Place {
    /// What the settings are loaded from: these flags and the process's environment.
    ///
    /// # Errors
    /// [`Exit::Usage`] when the data directory's name is not UTF-8.
    pub fn inputs(&self) -> Result<Inputs, Failure> {
        let mut flags = Vec::new();
        if let Some(dir) = &self.data_dir {
            let dir = dir
                .to_str()
                .ok_or_else(|| Failure::new(Exit::Usage, "--data-dir must be UTF-8"))?;
            flags.push(("data_dir", "--data-dir", dir.to_owned()));
        }
        let config = self.config.clone();
        Ok(Inputs { config, flags, environment: std::env::vars_os().collect() })
    }

    /// Loads the settings and prints the warnings.
    ///
    /// # Errors
    /// [`Exit::Usage`] with every mistake.
    pub fn load(&self) -> Result<Loaded, Failure> {
        load(&self.inputs()?)
    }

    /// The same with more flags: setting, flag and value of each.
    ///
    /// # Errors
    /// [`Exit::Usage`] with every mistake.
    pub fn load_with(
        &self,
        flags: Vec<(&'static str, &'static str, String)>,
    ) -> Result<Loaded, Failure> {
        let mut inputs = self.inputs()?;
        inputs.flags.extend(flags);
        load(&inputs)
    }
}

/// Everything `backlot` can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the library
    Serve(serve::ServeCommand),
    /// Make, list and change users
    User(user::UserCommand),
    /// Make organisations, and say who is in them
    Org(org::OrgCommand),
    /// Make, list and revoke API keys
    Key(key::KeyCommand),
    /// Import files and folders into the library
    Import(import::ImportCommand),
    /// Check that everything recorded is there and whole
    Verify(verify::VerifyCommand),
    /// Take away what has had its time
    Gc(gc::GcCommand),
    /// Write a consistent copy of the library, while the server runs
    Backup(backup::BackupCommand),
    /// Make a library of a backup
    Restore(backup::RestoreCommand),
    /// Fill a library with generated pictures, to try things out
    Demo(demo::DemoCommand),
    /// Print the settings in force, and where each comes from
    Config(config::ConfigCommand),
    /// Ask a running server whether it is ready
    Health(health::HealthCommand),
    /// Print a completion script for a shell
    Completions(completions::CompletionsCommand),
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let Cli { place, command } = Cli::parse();
    let done = match command {
        Command::Serve(command) => command.run(&place),
        Command::User(command) => command.run(&place),
        Command::Org(command) => command.run(&place),
        Command::Key(command) => command.run(&place),
        Command::Import(command) => command.run(&place),
        Command::Verify(command) => command.run(&place),
        Command::Gc(command) => command.run(&place),
        Command::Backup(command) => command.run(&place),
        Command::Restore(command) => command.run(&place),
        Command::Demo(command) => command.run(&place),
        Command::Config(command) => command.run(&place),
        Command::Health(command) => command.run(&place),
        Command::Completions(command) => command.run(),
    };
    match done {
        Ok(exit) => exit.into(),
        Err(failure) => {
            output::complain(&failure.message);
            failure.exit.into()
        }
    }
}

fn load(inputs: &Inputs) -> Result<Loaded, Failure> {
    let loaded = crate::config::load(inputs)
        .map_err(|mistakes| Failure::new(Exit::Usage, mistakes.to_string()))?;
    for warning in &loaded.warnings {
        output::note(&format!("warning: {warning}"));
    }
    Ok(loaded)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn verify_cli() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_teaches_by_example() {
        for command in Cli::command().get_subcommands() {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("Example"), "{} has no example", command.get_name());
        }
    }

    #[test]
    fn the_place_can_be_named_before_and_after_the_command() {
        for line in ["backlot --data-dir d config", "backlot config --data-dir d"] {
            let cli = Cli::try_parse_from(line.split(' ')).unwrap();
            assert_eq!(cli.place.data_dir, Some(PathBuf::from("d")), "{line}");
        }
    }
}
