//! Sections of RFCs that pages cite: each is one that was looked up.

use std::collections::BTreeSet;
use std::fs;

use regex::Regex;

/// Number, section, and the section's title, as looked up in November 2026 in the RFC itself.
const SECTIONS: [(&str, &str, &str); 28] = [
    ("5280", "4.1.2.5", "Validity"),
    ("5280", "5.1.2.5", "Next Update"),
    ("5280", "5.3.1", "Reason Code"),
    ("5280", "6.1.1", "Inputs"),
    ("6066", "3", "Server Name Indication"),
    ("6066", "8", "Certificate Status Request"),
    ("6298", "2", "The Basic Algorithm"),
    ("7468", "2", "General Considerations"),
    ("9110", "7.6.1", "Connection"),
    ("9110", "9.2.2", "Idempotent Methods"),
    ("9112", "9.5", "Failures and Timeouts"),
    ("9112", "9.6", "Tear-down"),
    ("9113", "3.4", "HTTP/2 Connection Preface"),
    ("9113", "5.2", "Flow Control"),
    ("9113", "6.8", "GOAWAY"),
    ("9113", "8.7", "Request Reliability"),
    ("9113", "9.2.1", "TLS 1.2 Features"),
    ("9113", "9.2.3", "TLS 1.3 Features"),
    ("9114", "5.2", "Connection Shutdown"),
    ("9293", "3.6.1", "Half-Closed Connections"),
    ("9846", "1", "Introduction"),
    ("9846", "2.2", "Resumption and Pre-Shared Key (PSK)"),
    ("9846", "4.2.2", "Client Hello"),
    ("9846", "4.5.1", "Certificate"),
    ("9846", "4.7.1", "New Session Ticket Message"),
    ("9846", "4.7.2", "Post-Handshake Authentication"),
    ("9846", "6.1", "Closure Alerts"),
    ("9846", "6.2", "Error Alerts"),
];

/// What a page cites: the RFC, the section, and the words.
type Cited = (String, String, String);

/// `RFC 1, section 2`, `RFC 1 (section 2)`, `RFC 1, sections 2 and 3`, with a link on the number or on all of it.
fn cited(text: &str) -> Result<Vec<Cited>, String> {
    let link = r"(?:\]\([^)]*\))?";
    let words = format!(r"RFC (\d+){link},? \(?[Ss]ections? ([^\s,;:)\]]+)(?: and (\d[\d.]*\d))?");
    let words = Regex::new(&words).unwrap();
    let number = Regex::new(r"^[1-9]\d*(\.[1-9]\d*)*$").unwrap();
    let mut found = Vec::new();
    for one in words.captures_iter(text) {
        let sections = [one.get(2), one.get(3)].into_iter().flatten();
        for section in sections {
            let section = section.as_str().trim_end_matches('.');
            if !number.is_match(section) {
                return Err(format!("{}: no number of a section", &one[0]));
            }
            found.push((one[1].to_owned(), section.to_owned(), one[0].to_owned()));
        }
    }
    let links = Regex::new(r"\[([^\]]*)\]\([^)]*\brfc(\d+)#section-([\d.]+)\)").unwrap();
    for link in links.captures_iter(text) {
        let (words, rfc, section) = (&link[1], &link[2], &link[3]);
        let said = words.contains(&format!("RFC {rfc}"));
        if words.contains("section") && !(said && words.ends_with(&format!("section {section}"))) {
            return Err(format!("[{words}] leads to section {section} of RFC {rfc}"));
        }
        found.push((rfc.to_owned(), section.to_owned(), link[0].to_owned()));
    }
    Ok(found)
}

#[test]
fn every_section_that_a_page_cites_was_looked_up() {
    let root = scripts::root().unwrap();
    let known: BTreeSet<_> = SECTIONS.iter().map(|(rfc, at, _)| (*rfc, *at)).collect();
    let (mut wrong, mut used) = (Vec::new(), BTreeSet::new());
    for page in scripts::check::markdown(&root.join("src")).unwrap() {
        let text = fs::read_to_string(&page).unwrap();
        let text = text.replace("\n> ", " ").replace('\n', " ");
        match cited(&text) {
            Err(why) => wrong.push(format!("{}: {why}", page.display())),
            Ok(all) => {
                for (rfc, section, words) in all {
                    let known = SECTIONS
                        .iter()
                        .find(|(of, at, _)| *of == rfc && *at == section);
                    match known {
                        Some((of, at, _)) => {
                            used.insert((*of, *at));
                        }
                        None => wrong.push(format!("{}: {words}", page.display())),
                    }
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "look these up, then list them in tests/tests/standards.rs:\n{}",
        wrong.join("\n")
    );
    let unused: Vec<_> = known.difference(&used).collect();
    assert!(unused.is_empty(), "no page cites them: {unused:?}");
}

#[test]
fn a_citation_is_read_in_each_of_its_forms() {
    let sections = |text: &str| -> Result<Vec<String>, String> {
        let found = cited(text)?.into_iter();
        Ok(found.map(|(rfc, at, _)| format!("{rfc} {at}")).collect())
    };
    for (text, expected) in [
        ("(RFC 9846, section 4.7.2).", vec!["9846 4.7.2"]),
        ("RFC 7468 (section 2) permits", vec!["7468 2"]),
        (
            "[RFC 9113](https://x/rfc9113), sections 6.8 and 8.7, June",
            vec!["9113 6.8", "9113 8.7"],
        ),
        (
            "[RFC 9846, section 2.2](https://x/rfc9846#section-2.2)",
            vec!["9846 2.2", "9846 2.2"],
        ),
        ("[it says](https://x/rfc9846#section-1)", vec!["9846 1"]),
        ("RFC 8555 is ACME.", vec![]),
    ] {
        assert_eq!(sections(text).unwrap(), expected, "{text}");
    }
    for text in [
        "RFC 9846, section 4..2",
        "RFC 9846, section four",
        "[RFC 9846, section 2.2](https://x/rfc9846#section-2.3)",
        "[RFC 9846, section 2.2](https://x/rfc9110#section-2.2)",
    ] {
        assert!(sections(text).is_err(), "{text}");
    }
}
