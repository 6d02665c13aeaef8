//! The schema is what the types say, and reports are what the schema says.

use std::path::Path;

use serde_json::Value;
use snapbox::Assert;
use snapbox::data::{Data, DataFormat};
use zdr::report::Report;

use super::sample;

/// The schema as it is in the repository. With `SNAPSHOTS=overwrite`, it is written first.
#[test]
fn the_committed_schema_is_what_the_types_say() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("report.schema.json");
    let schema = Report::schema();
    let assert = Assert::new().action_env("SNAPSHOTS").normalize_paths(false);
    let committed = Data::read_from(&file, Some(DataFormat::Text)).raw();
    assert.eq(schema, committed);
}

/// What the schema of reports objects to, where it does.
fn objection(report: &Value) -> Option<String> {
    let schema: Value = serde_json::from_str(&Report::schema()).expect("it is JSON");
    let (mut schemas, mut compiler) = (boon::Schemas::new(), boon::Compiler::new());
    compiler
        .add_resource("report.json", schema)
        .expect("it is JSON");
    let index = compiler
        .compile("report.json", &mut schemas)
        .expect("it is a schema");
    let objection = schemas.validate(report, index).err();
    objection.map(|objection| objection.to_string())
}

#[test]
fn every_sample_is_valid() {
    for report in [
        sample::healthy(),
        sample::failing(),
        sample::interrupted(),
        sample::empty(),
        sample::long(300),
    ] {
        let value: Value = serde_json::from_str(&report.json()).expect("it is JSON");
        assert_eq!(objection(&value), None);
    }
}

#[test]
fn what_is_no_report_is_not_valid() {
    let valid: Value = serde_json::from_str(&sample::failing().json()).expect("it is JSON");
    let breaks: [(&str, Value); 6] = [
        ("/format", "one".into()),
        ("/verdict/passed", "yes".into()),
        ("/findings/0/code", "bad_weather".into()),
        ("/classes/0/class", "telnet".into()),
        ("/classes/0/attempts", (-1).into()),
        ("/rotations/0/first_new_ms", "soon".into()),
    ];
    for (place, wrong) in breaks {
        let mut report = valid.clone();
        *report.pointer_mut(place).expect(place) = wrong;
        assert!(objection(&report).is_some(), "{place}");
    }
    let mut more = valid.clone();
    more["weather"] = "bad".into();
    assert!(objection(&more).is_some(), "an unknown field");
    let mut less = valid;
    less.as_object_mut().expect("an object").remove("plan");
    assert!(objection(&less).is_some(), "a missing field");
}
