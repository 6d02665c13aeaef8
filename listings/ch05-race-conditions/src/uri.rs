//! Which URIs Go parses (RFC 3986): it parses each one among the names of a certificate, needed or not.

/// Whether Go's `url.Parse` takes it, and its host is one. What other characters it would take is not asked.
pub(crate) fn parses(uri: &str) -> bool {
    const MARKS: &[u8] = b"-._~:/?#[]@!$&'()*+,;=%";
    let usual = |byte: u8| byte.is_ascii_alphanumeric() || MARKS.contains(&byte);
    if uri.is_empty() || !uri.bytes().all(usual) || !escaped(uri) {
        return uri.is_empty();
    }
    let before = uri.split(['?', '#']).next().unwrap_or_default();
    let rest = match before.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => rest,
        // Without a scheme, no colon may stand in what could be one.
        Some((segment, _)) if !segment.contains('/') => return false,
        _ => before,
    };
    match rest.strip_prefix("//") {
        Some(rest) => authority(rest.split('/').next().unwrap_or_default()),
        None => true,
    }
}

fn is_scheme(text: &str) -> bool {
    let rest = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    text.starts_with(|first: char| first.is_ascii_alphabetic()) && text.bytes().all(rest)
}

/// Each `%` has two digits behind it.
fn escaped(text: &str) -> bool {
    let mut parts = text.split('%').skip(1);
    parts.all(|part| {
        let digits = part.as_bytes().get(..2);
        digits.is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit))
    })
}

/// A host, and with it perhaps a user before and a port behind.
fn authority(text: &str) -> bool {
    let (user, host) = text.rsplit_once('@').unwrap_or(("", text));
    let (host, port) = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) => {
            if address.parse::<std::net::Ipv6Addr>().is_err() {
                return false;
            }
            (None, port)
        }
        None => match host.find(':') {
            Some(at) => (Some(&host[..at]), &host[at..]),
            None => (Some(host), ""),
        },
    };
    let port = port.is_empty()
        || port
            .strip_prefix(':')
            .is_some_and(|port| port.bytes().all(|it| it.is_ascii_digit()));
    let host = host.is_none_or(|host| {
        let labels = host.is_empty() || host.split('.').all(|label| !label.is_empty());
        labels && !host.contains(['%', '[', ']', '@'])
    });
    host && port && !user.contains(['[', ']', '@'])
}
