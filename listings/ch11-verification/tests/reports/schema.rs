//! The schema is what the types say, and reports are what the schema says.

use std::path::Path;

use ch11_verification::report::Report;
use serde_json::Value;
use snapbox::Assert;
use snapbox::data::{Data, DataFormat};

use crate::sample;

/// The schema as it is in the repository. With `SNAPSHOTS=overwrite`, it is written first.
#[test]
fn the_committed_schema_is_what_the_types_say() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("report.schema.json");
    let schema = Report::schema();
    let assert = Assert::new().action_env("SNAPSHOTS").normalize_paths(false);
    let committed = Data::read_from(&file, Some(DataFormat::Text)).raw();
    assert.eq(schema, committed);
}

fn validator() -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(&Report::schema()).expect("it is JSON");
    jsonschema::validator_for(&schema).expect("it is a schema")
}

#[test]
fn every_sample_is_valid() {
    let validator = validator();
    for report in [
        sample::healthy(),
        sample::failing(),
        sample::interrupted(),
        sample::empty(),
        sample::long(300),
    ] {
        let value: Value = serde_json::from_str(&report.json()).expect("it is JSON");
        let errors: Vec<String> = validator
            .iter_errors(&value)
            .map(|e| e.to_string())
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
}

#[test]
fn what_is_no_report_is_not_valid() {
    let validator = validator();
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
        assert!(!validator.is_valid(&report), "{place}");
    }
    let mut more = valid.clone();
    more["weather"] = "bad".into();
    assert!(!validator.is_valid(&more), "an unknown field");
    let mut less = valid;
    less.as_object_mut().expect("an object").remove("plan");
    assert!(!validator.is_valid(&less), "a missing field");
}
