//! `backlot config`: the settings in force.

use clap::Args;

use super::exit::{Exit, Failure};
use super::{Place, output};
use crate::config::{DEFAULT_FILE, as_json, as_toml};

/// Print the settings in force, and where each comes from
#[derive(Debug, Args)]
#[command(after_help = "\
Secrets are masked. What is printed is a valid settings file but for them.

Examples:
  backlot config                                what is in force, with sources
  backlot config --defaults > backlot.toml      a commented file to start from
  BACKLOT_LISTEN=0.0.0.0:80 backlot config --json | jq '.listen.source'")]
pub struct ConfigCommand {
    /// Print JSON: for each setting its value, source and environment variable
    #[arg(long, conflicts_with = "defaults")]
    json: bool,
    /// Print the defaults with their documentation instead
    #[arg(long)]
    defaults: bool,
}

impl ConfigCommand {
    pub(super) fn run(&self, place: &Place) -> Result<Exit, Failure> {
        if self.defaults {
            output::print(DEFAULT_FILE)?;
            return Ok(Exit::Done);
        }
        let loaded = place.load()?;
        if self.json {
            output::print_json(&as_json(&loaded.settings))?;
        } else {
            output::print(&as_toml(&loaded.settings))?;
        }
        Ok(Exit::Done)
    }
}
