//! What is a name for a certificate, and what is said of the rest.

use lab::authority::{Authority, LeafRequest, self_signed};
use lab::name::check;

#[test]
fn odd_names_that_are_names_pass() {
    let longest = ["a".repeat(63).as_str(); 3].join(".") + "." + &"b".repeat(61);
    let odd = [
        "localhost",
        "a",
        "1.example",
        "xn--nh-via.example",
        "_service.example",
        "*.example.org",
        "127.0.0.1",
        "::1",
        "UPPER.example",
        &longest,
    ];
    let mut authority = Authority::new().unwrap();
    for name in odd {
        assert_eq!(check(name), Ok(()), "{name}");
        authority.issue(&LeafRequest::new(name)).unwrap();
    }
}

#[test]
fn what_is_no_name_is_refused_with_the_reason() {
    let label = "a".repeat(64) + ".example";
    let whole = ["a".repeat(63).as_str(); 4].join(".");
    let wrong = [
        ("", "with dots between"),
        ("bad name", "no blank"),
        ("localhost:8443", "no port"),
        ("https://localhost/", "no path"),
        ("-a.example", "labels of letters"),
        ("a..example", "labels of letters"),
        ("a.*.example", "labels of letters"),
        ("*", "labels of letters"),
        ("a.example.", "without a dot"),
        ("näh", "`xn--…`"),
        (&label, "63 at the most"),
        (&whole, "labels of letters"),
    ];
    let mut authority = Authority::new().unwrap();
    for (name, why) in wrong {
        let said = check(name).unwrap_err().to_string();
        let begin = format!("`{name}` is neither a DNS name nor an IP address: ");
        assert!(said.starts_with(&begin) && said.contains(why), "{said}");
        let request = LeafRequest::new(name);
        assert_eq!(authority.issue(&request).unwrap_err().to_string(), said);
        assert_eq!(self_signed(&request).unwrap_err().to_string(), said);
    }
}
