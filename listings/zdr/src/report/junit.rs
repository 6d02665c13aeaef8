//! The report as JUnit's XML, for a build server: a test for each class of clients and each scenario.
//!
//! The elements and attributes are those of the schema of Jenkins's xUnit plugin (`junit-10.xsd`), which
//! other readers of the format know, too.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use crate::gate::ROTATION;
use crate::report::case::{Case, Outcome, cases};
use crate::report::{Report, format};
use crate::server::lines::steers;

/// The report as XML.
///
/// # Errors
/// None in practice: it is written to memory.
pub fn junit(report: &Report) -> io::Result<String> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let cases = cases(report);
    let (rotation, scenarios): (Vec<_>, Vec<_>) =
        cases.iter().partition(|case| case.scenario == ROTATION);
    let all: Vec<_> = cases.iter().collect();
    let root = counted(writer.create_element("testsuites"), &all);
    root.with_attribute(("name", legal(&report.server.name).as_str()))
        .write_inner_content(|writer| {
            suite(writer, ROTATION, report, &rotation)?;
            suite(writer, "scenarios", report, &scenarios)
        })?;
    let text = String::from_utf8_lossy(&writer.into_inner()).into_owned();
    Ok(text + "\n")
}

type Element<'a> = quick_xml::writer::ElementWriter<'a, Vec<u8>>;

/// With how many there are, and how many of them failed.
fn counted<'a>(element: Element<'a>, cases: &[&Case]) -> Element<'a> {
    let many = |of: fn(&Outcome) -> bool| cases.iter().filter(|case| of(&case.outcome)).count();
    let failures = many(|of| matches!(of, Outcome::Failed(..)));
    let errors = many(|of| matches!(of, Outcome::Broken(_)));
    element
        .with_attribute(("tests", cases.len().to_string().as_str()))
        .with_attribute(("failures", failures.to_string().as_str()))
        .with_attribute(("errors", errors.to_string().as_str()))
}

fn suite(
    writer: &mut Writer<Vec<u8>>,
    name: &str,
    report: &Report,
    cases: &[&Case],
) -> io::Result<()> {
    let skipped = cases.iter();
    let skipped = skipped.filter(|case| matches!(case.outcome, Outcome::Skipped(_)));
    let skipped = skipped.count().to_string();
    let element = counted(writer.create_element("testsuite"), cases);
    // It is not measured how long the scenarios take.
    let time = (name == ROTATION).then(|| format!("{:.3}", report.seconds));
    element
        .with_attributes(time.as_deref().map(|time| ("time", time)))
        .with_attribute(("name", name))
        .with_attribute(("skipped", skipped.as_str()))
        .with_attribute(("timestamp", legal(&report.began).as_str()))
        .write_inner_content(|writer| {
            properties(writer, report)?;
            for case in cases {
                test(writer, report, case)?;
            }
            Ok(())
        })?;
    Ok(())
}

fn properties(writer: &mut Writer<Vec<u8>>, report: &Report) -> io::Result<()> {
    let level = report.plan.require.to_string();
    let verdict = report.verdict.words.as_str();
    let properties = [
        ("level", level.as_str()),
        ("zdr", &report.zdr),
        ("verdict", verdict),
    ];
    writer
        .create_element("properties")
        .write_inner_content(|writer| {
            for (name, value) in properties {
                writer
                    .create_element("property")
                    .with_attribute(("name", name))
                    .with_attribute(("value", one_line(value).as_str()))
                    .write_empty()?;
            }
            Ok(())
        })?;
    Ok(())
}

fn test(writer: &mut Writer<Vec<u8>>, report: &Report, case: &Case) -> io::Result<()> {
    let class = format!("zdr.{}", legal(&report.server.name));
    let element = writer
        .create_element("testcase")
        .with_attribute(("classname", class.as_str()))
        .with_attribute(("name", one_line(&case.name).as_str()));
    match &case.outcome {
        Outcome::Passed if case.notes.is_empty() => element.write_empty()?,
        outcome => element.write_inner_content(|writer| {
            come(writer, outcome)?;
            match case.notes.is_empty() {
                true => Ok(()),
                false => said(writer, "system-out", &case.notes.join("\n")),
            }
        })?,
    };
    Ok(())
}

/// What came of a test.
fn come(writer: &mut Writer<Vec<u8>>, outcome: &Outcome) -> io::Result<()> {
    let (element, kind, message, text) = match outcome {
        Outcome::Passed => return Ok(()),
        Outcome::Failed(code, message, text) => ("failure", code.as_str(), message, text.as_str()),
        Outcome::Broken(why) => ("error", "interrupted", why, ""),
        Outcome::Skipped(why) => ("skipped", "", why, ""),
    };
    let element = writer
        .create_element(element)
        .with_attribute(("message", one_line(message).as_str()));
    let element = match kind {
        "" => element,
        kind => element.with_attribute(("type", kind)),
    };
    match text {
        "" => element.write_empty()?,
        text => element.write_text_content(BytesText::new(&legal(text)))?,
    };
    Ok(())
}

fn said(writer: &mut Writer<Vec<u8>>, element: &str, text: &str) -> io::Result<()> {
    let element = writer.create_element(element);
    element.write_text_content(BytesText::new(&legal(text)))?;
    Ok(())
}

/// An attribute has no lines: a reader makes blanks of them.
fn one_line(text: &str) -> String {
    legal(&format::plain(text))
}

/// XML 1.0 has no way to write most control characters, not even escaped (section 2.2). What turns the direction of a line
/// would do so on the page of a build server.
fn legal(text: &str) -> String {
    let allowed = |c: char| match c {
        '\t' | '\n' => c,
        c if steers(c) => '\u{FFFD}',
        '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'.. => c,
        _ => '\u{FFFD}',
    };
    text.chars().map(allowed).collect()
}
