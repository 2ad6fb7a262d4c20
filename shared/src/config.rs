//! Configuration: read once, typed, and complaining about everything that is missing together.

use std::fmt::Write as _;
use std::num::NonZeroU32;
use std::str::FromStr;

use secrecy::SecretString;

use crate::model::import::{Largest, MAX_FILE_BYTES, MAX_ROWS};

/// How many calls that send the provider gets per second unless the environment says otherwise. It does not say how many it takes.
const CALLS_PER_SECOND: NonZeroU32 = NonZeroU32::new(10).expect("ten is not zero");

/// The environment is incomplete or wrong; lists every fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("configuration:{0}")]
pub struct BadConfiguration(String);

type Lookup = Box<dyn Fn(&str) -> Option<String>>;

/// Reads settings and remembers what is wrong until [`Environment::check`].
pub struct Environment {
    lookup: Lookup,
    faults: Vec<String>,
}

impl Environment {
    /// The variables of this process.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn of_process() -> Self {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// Variables from anywhere.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String> + 'static) -> Self {
        Self { lookup: Box::new(lookup), faults: Vec::new() }
    }

    /// A required text; empty counts as missing.
    pub fn text(&mut self, name: &str) -> String {
        let value = (self.lookup)(name).filter(|value| !value.is_empty());
        value.unwrap_or_else(|| {
            self.faults.push(format!("{name} is not set"));
            String::new()
        })
    }

    /// A text with a default.
    #[must_use]
    pub fn text_or(&self, name: &str, default: &str) -> String {
        (self.lookup)(name).filter(|value| !value.is_empty()).unwrap_or_else(|| default.to_owned())
    }

    /// A required value of a type that can be read from text.
    pub fn parsed<T>(&mut self, name: &str, otherwise: T) -> T
    where
        T: FromStr<Err: std::fmt::Display>,
    {
        let text = self.text(name);
        if text.is_empty() {
            return otherwise;
        }
        text.parse().unwrap_or_else(|error| {
            self.faults.push(format!("{name} is not usable: {error}"));
            otherwise
        })
    }

    /// A value of a type that can be read from text, with a default.
    pub fn parsed_or<T>(&mut self, name: &str, default: T) -> T
    where
        T: FromStr<Err: std::fmt::Display>,
    {
        let value = (self.lookup)(name).filter(|value| !value.is_empty());
        if value.is_some() { self.parsed(name, default) } else { default }
    }

    /// Reports every fault found so far.
    ///
    /// # Errors
    /// When anything was missing or wrong.
    pub fn check(self) -> Result<(), BadConfiguration> {
        if self.faults.is_empty() {
            return Ok(());
        }
        let mut text = String::new();
        for fault in &self.faults {
            // Writing to a String cannot fail.
            _ = write!(text, "\n  {fault}");
        }
        Err(BadConfiguration(text))
    }
}

/// How the database is reached.
#[derive(Debug, Clone)]
pub struct DatabaseConfig {
    /// Host name.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Schema.
    pub name: String,
    /// How to prove who we are.
    pub authentication: DatabaseAuthentication,
    /// Whether the peer proves who it is.
    pub tls: DatabaseTls,
    /// How many connections the function may have at once.
    pub connections: u32,
}

/// How the functions prove to the database who they are.
#[derive(Debug, Clone)]
pub enum DatabaseAuthentication {
    /// A secret that holds `{"username": …, "password": …}`.
    Secret {
        /// ARN or name of the secret.
        arn: String,
    },
    /// A token from RDS, valid for 15 minutes, refreshed on demand.
    Iam {
        /// The database user.
        user: String,
    },
}

/// How the database proves who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseTls {
    /// Encrypted, certificate and host name checked against the authority in this file.
    VerifyIdentity {
        /// PEM file.
        authority: String,
    },
    /// Plain text, for a database on the same machine.
    Disabled,
}

impl DatabaseConfig {
    /// Reads `DATABASE_*`.
    pub fn read(environment: &mut Environment) -> Self {
        let authentication = match environment.text("DATABASE_AUTHENTICATION").as_str() {
            "secret" => DatabaseAuthentication::Secret { arn: environment.text("DATABASE_SECRET_ARN") },
            "iam" => DatabaseAuthentication::Iam { user: environment.text("DATABASE_USER") },
            other => {
                environment.faults.push(format!("DATABASE_AUTHENTICATION must be `secret` or `iam`, not `{other}`"));
                DatabaseAuthentication::Secret { arn: String::new() }
            }
        };
        let tls = match environment.text_or("DATABASE_TLS", "verify-identity").as_str() {
            "verify-identity" => {
                DatabaseTls::VerifyIdentity { authority: environment.text_or("DATABASE_CA_FILE", "/var/task/rds-ca.pem") }
            }
            "disabled" => DatabaseTls::Disabled,
            other => {
                environment.faults.push(format!("DATABASE_TLS must be `verify-identity` or `disabled`, not `{other}`"));
                DatabaseTls::Disabled
            }
        };
        Self {
            host: environment.text("DATABASE_HOST"),
            port: environment.parsed("DATABASE_PORT", 3306),
            name: environment.text("DATABASE_NAME"),
            authentication,
            tls,
            connections: environment.parsed_or("DATABASE_CONNECTIONS", 1).max(1),
        }
    }
}

/// The provider's address and where the credentials are.
#[derive(Debug, Clone)]
pub struct ProviderConfig {
    /// `https://kakaoapi.aligo.in` in production.
    pub base_url: String,
    /// Secret that holds `{"apiKey": …, "userId": …}`.
    pub secret_arn: String,
    /// How many calls that send it gets per second at most, from all workers together.
    pub calls_per_second: u32,
}

impl ProviderConfig {
    /// Reads `ALIGO_*`, and `PROVIDER_CALLS_PER_SECOND`, which may be missing.
    pub fn read(environment: &mut Environment) -> Self {
        Self {
            base_url: environment.text("ALIGO_BASE_URL"),
            secret_arn: environment.text("ALIGO_SECRET_ARN"),
            calls_per_second: environment.parsed_or("PROVIDER_CALLS_PER_SECOND", CALLS_PER_SECOND).get(),
        }
    }
}

/// A user name and a password.
#[derive(Debug, Clone, serde::Deserialize)]
pub struct Credentials {
    /// Who.
    pub username: String,
    /// The proof.
    pub password: SecretString,
}

impl Largest {
    /// Reads `IMPORT_MAX_BYTES` and `IMPORT_MAX_ROWS`, which may be missing.
    pub fn read(environment: &mut Environment) -> Self {
        Self {
            bytes: environment.parsed_or("IMPORT_MAX_BYTES", MAX_FILE_BYTES),
            rows: environment.parsed_or("IMPORT_MAX_ROWS", MAX_ROWS),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_missing_is_reported_together() {
        let mut environment = Environment::from_lookup(|name| (name == "DATABASE_PORT").then(|| "many".to_owned()));
        _ = DatabaseConfig::read(&mut environment);
        let text = environment.check().unwrap_err().to_string();
        insta::assert_snapshot!(text, @r"
        configuration:
          DATABASE_AUTHENTICATION is not set
          DATABASE_AUTHENTICATION must be `secret` or `iam`, not ``
          DATABASE_HOST is not set
          DATABASE_PORT is not usable: invalid digit found in string
          DATABASE_NAME is not set
        ");
    }

    #[test]
    fn what_has_a_default_may_be_missing_but_not_wrong() {
        let mut environment = Environment::from_lookup(|name| match name {
            "ROWS" => Some("300000".to_owned()),
            "BYTES" => Some("many".to_owned()),
            _ => Some(String::new()),
        });
        assert_eq!((environment.parsed_or("ROWS", 1), environment.parsed_or("ELSE", 2)), (300_000, 2));
        assert_eq!(environment.parsed_or("BYTES", 3), 3);
        assert!(environment.check().unwrap_err().to_string().contains("BYTES is not usable"));
    }

    #[test]
    fn a_complete_environment_is_read() {
        let mut environment = Environment::from_lookup(|name| {
            Some(
                match name {
                    "DATABASE_AUTHENTICATION" => "iam",
                    "DATABASE_PORT" => "3306",
                    "DATABASE_CONNECTIONS" => "2",
                    "DATABASE_TLS" => "disabled",
                    _ => "x",
                }
                .to_owned(),
            )
        });
        let config = DatabaseConfig::read(&mut environment);
        assert_eq!(environment.check(), Ok(()));
        assert_eq!((config.port, config.connections, config.tls), (3306, 2, DatabaseTls::Disabled));
        assert!(matches!(config.authentication, DatabaseAuthentication::Iam { user } if user == "x"));
    }
}
