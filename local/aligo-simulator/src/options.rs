//! The command line.

use std::{net::SocketAddr, path::PathBuf};

use crate::{
    account::Credentials,
    settings::Settings,
    state::{Profile, World},
};

/// What `--help` prints.
pub const HELP: &str = "\
aligo-simulator: Aligo's AlimTalk API on this machine

  --listen ADDRESS:PORT   where to listen                      [127.0.0.1:4704]
  --api-key KEY           the account's key                    [simulator-api-key]
  --user-id ID            the account's name                   [simulator]
  --sender-key KEY        the key of its sender profile        [0123456789abcdef0123456789abcdef01234567]
  --plus-id @ID           the channel's search id              [@dangol]
  --profile-name NAME     the channel's name                   [단골의원]
  --balance WON           money at the start                   [10000000]
  --result-delay-ms N     from acceptance to the final result  [3000]
  --admin-listen ADDRESS:PORT   where page and admin API listen as well  [nowhere else]
  --state FILE            keep the memory in this file between runs
  --help                  print this

Everything else is set while it runs, through /admin (see the README). The page for people is /.
";

/// The command line, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where page and admin API listen as well.
    pub admin_listen: Option<SocketAddr>,
    /// `apikey`.
    pub api_key: String,
    /// `userid`.
    pub user_id: String,
    /// The key of the sender profile.
    pub sender_key: String,
    /// The channel's search id.
    pub plus_id: String,
    /// The channel's name.
    pub profile_name: String,
    /// Won at the start.
    pub balance: f64,
    /// Milliseconds until a result is final, if given.
    pub result_delay_ms: Option<u32>,
    /// The file that keeps the memory.
    pub state: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 4704)),
            admin_listen: None,
            api_key: "simulator-api-key".to_owned(),
            user_id: "simulator".to_owned(),
            sender_key: "0123456789abcdef0123456789abcdef01234567".to_owned(),
            plus_id: "@dangol".to_owned(),
            profile_name: "단골의원".to_owned(),
            balance: 10_000_000.0,
            result_delay_ms: None,
            state: None,
        }
    }
}

/// Why a command line cannot be followed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum OptionsError {
    /// `--help` was asked for.
    #[error("{HELP}")]
    Help,
    /// An option that does not exist.
    #[error("unknown option {0}; --help lists them")]
    Unknown(String),
    /// An option without its value.
    #[error("{0} needs a value")]
    NoValue(String),
    /// A value that cannot be read.
    #[error("{option} cannot be {value:?}")]
    BadValue {
        /// The option.
        option: String,
        /// What was given.
        value: String,
    },
}

impl Options {
    /// Reads the arguments after the program's name. Both `--name value` and `--name=value` are understood.
    ///
    /// # Errors
    /// At the first argument that is not understood.
    pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self, OptionsError> {
        let mut options = Self::default();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            if matches!(argument.as_str(), "--help" | "-h") {
                return Err(OptionsError::Help);
            }
            let (option, value) = match argument.split_once('=') {
                Some((option, value)) => (option.to_owned(), Some(value.to_owned())),
                None => (argument, None),
            };
            if !KNOWN.contains(&option.as_str()) {
                return Err(OptionsError::Unknown(option));
            }
            let value = value.or_else(|| arguments.next()).ok_or_else(|| OptionsError::NoValue(option.clone()))?;
            options.set(option, value)?;
        }
        Ok(options)
    }

    fn set(&mut self, option: String, value: String) -> Result<(), OptionsError> {
        let read = match option.as_str() {
            "--listen" => value.parse().map(|listen| self.listen = listen).is_ok(),
            "--admin-listen" => value.parse().map(|listen| self.admin_listen = Some(listen)).is_ok(),
            "--balance" => match value.parse::<f64>() {
                Ok(balance) if balance.is_finite() && balance >= 0.0 => {
                    self.balance = balance;
                    true
                }
                _ => false,
            },
            "--result-delay-ms" => value.parse().map(|delay| self.result_delay_ms = Some(delay)).is_ok(),
            _ if value.is_empty() => false,
            _ => {
                self.set_text(&option, value.clone());
                true
            }
        };
        if read { Ok(()) } else { Err(OptionsError::BadValue { option, value }) }
    }

    fn set_text(&mut self, option: &str, value: String) {
        match option {
            "--api-key" => self.api_key = value,
            "--user-id" => self.user_id = value,
            "--sender-key" => self.sender_key = value,
            "--plus-id" => self.plus_id = value,
            "--profile-name" => self.profile_name = value,
            _ => self.state = Some(value.into()),
        }
    }

    /// The account.
    #[must_use]
    pub fn credentials(&self) -> Credentials {
        Credentials { api_key: self.api_key.clone(), user_id: self.user_id.clone() }
    }

    /// The world in which nothing has happened yet.
    #[must_use]
    pub fn fresh_world(&self) -> World {
        World::new(Settings::default(), self.balance, Vec::new())
    }

    /// Makes a world, fresh or read from a file, follow the command line.
    pub fn apply(&self, world: &mut World) {
        if let Some(delay) = self.result_delay_ms {
            world.settings.result_delay_ms = delay;
        }
        if world.profile(&self.sender_key).is_none() {
            world.profiles.push(Profile {
                sender_key: self.sender_key.clone(),
                uuid: self.plus_id.clone(),
                name: self.profile_name.clone(),
                status: "A".to_owned(),
                profile_stat: "A".to_owned(),
            });
        }
    }
}

const KNOWN: [&str; 10] = [
    "--listen",
    "--admin-listen",
    "--api-key",
    "--user-id",
    "--sender-key",
    "--plus-id",
    "--profile-name",
    "--balance",
    "--result-delay-ms",
    "--state",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, OptionsError> {
        Options::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn an_empty_command_line_means_the_defaults() {
        assert_eq!(parse(""), Ok(Options::default()));
    }

    #[test]
    fn every_option_of_the_help_is_understood() {
        let options = parse(
            "--listen 127.0.0.1:9 --admin-listen 127.0.0.1:10 --api-key=k --user-id u --sender-key s --plus-id @p \
             --profile-name n --balance 13 --result-delay-ms 5 --state /tmp/x",
        )
        .unwrap();
        assert_eq!(options.listen.port(), 9);
        assert_eq!(options.admin_listen.map(|listen| listen.port()), Some(10));
        assert_eq!(options.api_key, "k");
        assert_eq!(options.result_delay_ms, Some(5));
        for option in KNOWN {
            assert!(HELP.contains(option), "{option} is not in the help");
        }
    }

    #[test]
    fn a_command_line_that_is_not_understood_is_refused_with_the_reason() {
        assert_eq!(parse("--help"), Err(OptionsError::Help));
        assert_eq!(parse("--lisen x"), Err(OptionsError::Unknown("--lisen".to_owned())));
        assert_eq!(parse("--state"), Err(OptionsError::NoValue("--state".to_owned())));
        assert!(matches!(parse("--balance -1"), Err(OptionsError::BadValue { .. })));
        assert!(matches!(parse("--listen 4704"), Err(OptionsError::BadValue { .. })));
        assert!(matches!(parse("--api-key="), Err(OptionsError::BadValue { .. })));
    }
}
