//! What people may be called, and what a password must be. Parsed once, into what cannot be wrong.

use backlot_model::Fault;
use backlot_model::limits::{
    EMAIL_CHARS_MAX, NAME_CHARS_MAX, PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN, USERNAME_CHARS_MAX,
};

use crate::secret::Secret;

/// An e-mail address: something, an @, and a domain that could be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Email {
    /// As it was written.
    pub(super) written: String,
    /// In lower case.
    pub(super) folded: String,
}

impl Email {
    pub(super) fn parse(raw: &str) -> Result<Self, Fault> {
        let written = raw.trim();
        if written.chars().count() > EMAIL_CHARS_MAX {
            let message = format!("must be at most {EMAIL_CHARS_MAX} characters");
            return Err(Fault::invalid("body.email", "length", message));
        }
        let good = written
            .rsplit_once('@')
            .is_some_and(|(local, domain)| is_local_part(local) && is_domain(domain));
        if !good {
            let message = "must be an e-mail address such as ada@example.com";
            return Err(Fault::invalid("body.email", "format", message));
        }
        Ok(Self { written: written.to_owned(), folded: fold(written) })
    }

    /// What the username is when none is given.
    pub(super) fn default_username(&self) -> Username {
        let local = self.written.rsplit_once('@').map_or("", |(local, _)| local);
        let ascii = |c: char| if is_username_char(c) { c } else { '-' };
        // A suffix must still fit.
        let name: String = local.chars().take(USERNAME_CHARS_MAX - 16).map(ascii).collect();
        let name = name.trim_matches('-');
        Username(if name.is_empty() { "user".to_owned() } else { name.to_owned() })
    }
}

fn is_local_part(local: &str) -> bool {
    let odd = |c: char| c.is_whitespace() || c.is_control() || "@<>()[],;:\\\"".contains(c);
    !local.is_empty() && local.chars().count() <= 64 && !local.contains(odd)
}

fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        let good = |c: char| c.is_alphanumeric() || c == '-';
        !label.is_empty()
            && label.len() <= 63
            && label.chars().all(good)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    domain.split('.').all(is_label)
}

/// A username: ASCII letters, digits and `. _ + -`; so it is never an e-mail address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Username(pub(super) String);

impl Username {
    pub(super) fn parse(raw: &str) -> Result<Self, Fault> {
        let name = raw.trim();
        if !(1..=USERNAME_CHARS_MAX).contains(&name.chars().count()) {
            let message = format!("must be 1 to {USERNAME_CHARS_MAX} characters");
            return Err(Fault::invalid("body.username", "length", message));
        }
        if !name.chars().all(is_username_char) {
            let message = "must be letters a to z, digits and . _ + - only";
            return Err(Fault::invalid("body.username", "format", message));
        }
        Ok(Self(name.to_owned()))
    }

    pub(super) fn folded(&self) -> String {
        fold(&self.0)
    }
}

fn is_username_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._+-".contains(c)
}

/// A name of a person, an organisation or a key: trimmed, and not empty.
pub(super) fn parse_name(path: &str, raw: &str) -> Result<String, Fault> {
    let name = raw.trim();
    if !(1..=NAME_CHARS_MAX).contains(&name.chars().count()) {
        return Err(Fault::invalid(
            path,
            "length",
            format!("must be 1 to {NAME_CHARS_MAX} characters"),
        ));
    }
    if name.contains(char::is_control) {
        return Err(Fault::invalid(path, "format", "must not have control characters"));
    }
    Ok(name.to_owned())
}

/// A full name; an empty one is none.
pub(super) fn parse_full_name(raw: Option<&str>) -> Result<Option<String>, Fault> {
    match raw.map(str::trim) {
        None | Some("") => Ok(None),
        Some(name) => parse_name("body.name", name).map(Some),
    }
}

/// Refuses what is too short or too long for a password.
pub(super) fn check_password(path: &str, password: &Secret) -> Result<(), Fault> {
    let chars = password.expose().chars().count();
    if (PASSWORD_CHARS_MIN..=PASSWORD_CHARS_MAX).contains(&chars) {
        return Ok(());
    }
    let message = format!("must be {PASSWORD_CHARS_MIN} to {PASSWORD_CHARS_MAX} characters");
    Err(Fault::invalid(path, "length", message))
}

/// How names are compared: without regard to case and outer spaces.
pub(super) fn fold(name: &str) -> String {
    name.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_that_could_be_ones_pass() {
        for raw in ["ada@example.com", " Ada.L+x@sub.example.co.uk ", "admin@localhost", "ö@dé.fr"]
        {
            let email = Email::parse(raw).unwrap();
            assert_eq!(email.written, raw.trim());
            assert_eq!(email.folded, raw.trim().to_lowercase());
        }
    }

    #[test]
    fn addresses_that_could_not_are_refused() {
        let long = format!("{}@example.com", "a".repeat(65));
        let longer = format!("a@{}com", "example.".repeat(40));
        for raw in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "a b@example.com",
            "a@b@c",
            "a@-x.de",
            "a@x..de",
            "a@x.de.",
            "<a@x.de>",
            "a@x\n.de",
            &long,
            &longer,
        ] {
            let fault = Email::parse(raw).unwrap_err();
            assert_eq!(fault.fields[0].path, ["body", "email"], "{raw:?}");
        }
    }

    #[test]
    fn a_username_comes_from_the_part_before_the_at() {
        let from = |raw| Email::parse(raw).unwrap().default_username().0;
        assert_eq!(from("Ada.L+x@example.com"), "Ada.L+x");
        assert_eq!(from("ren\u{e9}e@example.com"), "ren-e");
        assert_eq!(from("\u{5f20}@example.com"), "user");
    }

    #[test]
    fn a_password_has_a_least_and_a_greatest_length() {
        let check = |n: usize| check_password("body.password", &Secret::new("ü".repeat(n)));
        assert!(check(7).is_err());
        assert!(check(8).is_ok());
        assert!(check(256).is_ok());
        assert!(check(257).is_err());
    }

    proptest! {
        #[test]
        fn every_default_username_is_a_username(local in "[^\\s\\p{Cc}@<>()\\[\\],;:\\\\\"]{1,64}") {
            let email = Email::parse(&format!("{local}@example.com"));
            prop_assume!(email.is_ok());
            let name = email.unwrap().default_username();
            prop_assert!(Username::parse(&name.0).is_ok(), "{name:?}");
        }

        #[test]
        fn no_text_breaks_the_parsers(raw in ".{0,300}") {
            let _ = Email::parse(&raw);
            let _ = Username::parse(&raw);
            let _ = parse_name("body.name", &raw);
        }
    }
}
