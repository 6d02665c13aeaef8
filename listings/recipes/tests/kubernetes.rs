//! The manifests are what Kubernetes and cert-manager take, by their own schemas, and mount the Secret as
//! a directory.

use std::fs;
use std::path::{Path, PathBuf};

use boon::{Compiler, Schemas};
use serde_json::{Value, json};
use yaml_rust2::{Yaml, YamlLoader};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("kubernetes")
}

/// A manifest as JSON, which is what the API server is sent.
fn manifest(name: &str) -> Value {
    let text = fs::read_to_string(folder().join(format!("{name}.yaml"))).unwrap();
    let documents = YamlLoader::load_from_str(&text).unwrap();
    assert_eq!(documents.len(), 1, "{name}");
    as_json(&documents[0])
}

fn as_json(yaml: &Yaml) -> Value {
    match yaml {
        Yaml::Hash(hash) => {
            let entries = hash.iter();
            let entries =
                entries.map(|(key, value)| (key.as_str().unwrap().into(), as_json(value)));
            Value::Object(entries.collect())
        }
        Yaml::Array(array) => array.iter().map(as_json).collect(),
        // As a parser of YAML 1.1 reads it, which kubectl has: a mode of a file is octal.
        Yaml::Integer(number) => (*number).into(),
        Yaml::Boolean(value) => (*value).into(),
        Yaml::String(text) => text.as_str().into(),
        other => panic!("{other:?}"),
    }
}

/// Fields that a schema does not name are mistakes: the API server drops them, or refuses them.
fn strict(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            let open = object.contains_key("additionalProperties")
                || object.contains_key("x-kubernetes-preserve-unknown-fields");
            if object.get("properties").is_some_and(Value::is_object) && !open {
                object.insert("additionalProperties".into(), false.into());
            }
            object.values_mut().for_each(strict);
        }
        Value::Array(array) => array.iter_mut().for_each(strict),
        _ => {}
    }
}

/// What a schema objects to in a manifest.
fn objection(name: &str, manifest: &Value) -> Option<String> {
    let schema = fs::read_to_string(folder().join(format!("schemas/{name}.json"))).unwrap();
    let mut schema: Value = serde_json::from_str(&schema).unwrap();
    strict(&mut schema);
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.add_resource("schema.json", schema).unwrap();
    let index = compiler.compile("schema.json", &mut schemas).unwrap();
    let error = schemas.validate(manifest, index).err()?;
    Some(format!("{error:#}"))
}

#[test]
fn both_manifests_are_valid() {
    for name in ["certificate", "deployment"] {
        assert_eq!(objection(name, &manifest(name)), None, "{name}");
    }
}

/// Each of these would be dropped or refused by a cluster.
#[test]
fn a_mistake_is_found() {
    let spoilt = |name: &str, pointer: &str, value: Value| {
        let mut manifest = manifest(name);
        let (parent, field) = pointer.rsplit_once('/').unwrap();
        manifest.pointer_mut(parent).unwrap()[field] = value;
        assert!(objection(name, &manifest).is_some(), "{name} {pointer}");
    };
    spoilt(
        "certificate",
        "/spec/privateKey/rotationPolicy",
        json!("Sometimes"),
    );
    spoilt("certificate", "/spec/privateKey/rotation", json!("Always"));
    spoilt("certificate", "/spec/secretName", json!(1));
    spoilt("certificate", "/spec/dnsNames", json!("localhost"));
    let container = "/spec/template/spec/containers/0";
    spoilt(
        "deployment",
        &format!("{container}/volumeMounts/0/readonly"),
        json!(true),
    );
    spoilt(
        "deployment",
        &format!("{container}/readinessProbe/httpGet/port"),
        json!([8443]),
    );
    spoilt(
        "deployment",
        "/spec/template/spec/volumes/0/secret/defaultMode",
        json!("0440"),
    );
    spoilt("deployment", "/spec/replicas", json!("three"));
}

#[test]
fn the_secret_is_mounted_as_a_directory_that_the_program_reads() {
    let (certificate, deployment) = (manifest("certificate"), manifest("deployment"));
    let pod = &deployment["spec"]["template"]["spec"];
    let (container, volume) = (&pod["containers"][0], &pod["volumes"][0]);
    assert_eq!(
        volume["secret"]["secretName"],
        certificate["spec"]["secretName"]
    );
    let mount = &container["volumeMounts"][0];
    assert_eq!(mount["name"], volume["name"]);
    for field in ["subPath", "subPathExpr"] {
        assert!(mount.get(field).is_none());
    }
    assert!(volume["secret"].get("items").is_none());
    let arguments = container["args"].as_array().unwrap();
    let path = mount["mountPath"].as_str().unwrap();
    for file in ["tls.crt", "tls.key", "ca.crt"] {
        assert!(
            arguments.contains(&json!(format!("{path}/{file}"))),
            "{file}"
        );
    }
    // The name that the program asks of its certificate is one of those that it is issued for.
    let names = certificate["spec"]["dnsNames"].as_array().unwrap();
    assert!(names.contains(&arguments[3]));
}
