//! What may stand in a certificate as the name of a server or of a client.

use std::fmt;
use std::net::IpAddr;

use rustls::pki_types::DnsName;

/// A text that a certificate cannot bear as a name, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAName {
    text: String,
    wrong: &'static str,
}

impl fmt::Display for NotAName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { text, wrong } = self;
        write!(
            f,
            "`{text}` is neither a DNS name nor an IP address: {wrong}"
        )
    }
}

impl std::error::Error for NotAName {}

/// Checks that a text is an IP address, or a DNS name as certificates bear it (RFC 5280, section
/// 4.2.1.6): labels of letters, digits and hyphens, 63 at the most in each and 253 in all, with
/// dots between. The first label may be `*` (RFC 9525, section 6.3). An underscore, which RFC 5280
/// does not have there, is let through, as rustls does.
///
/// # Errors
/// With what is wrong, in words for the person who wrote it.
pub fn check(text: &str) -> Result<(), NotAName> {
    let wrong = |wrong| {
        let text = text.to_owned();
        Err(NotAName { text, wrong })
    };
    if text.parse::<IpAddr>().is_ok() {
        return Ok(());
    }
    if !text.is_ascii() {
        return wrong("write a name of other letters in its ASCII form, `xn--…`");
    }
    let host = text.strip_prefix("*.").unwrap_or(text);
    if host.ends_with('.') {
        return wrong("a certificate's name ends without a dot");
    }
    match DnsName::try_from(host) {
        Ok(_) => Ok(()),
        Err(_) => wrong(
            "labels of letters, digits and hyphens, 63 at the most in each, with dots between; \
             no port, no path, no blank",
        ),
    }
}
