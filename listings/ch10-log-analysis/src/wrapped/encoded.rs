//! Lines that a collector has encoded: as base64, and as values that say their types.

use lab::secrets::base64;
use serde_json::{Map, Value};

/// Fields of base64, and those beside them that say so: Google's Pub/Sub, Kinesis, Firehose, Kafka's REST proxy and Nomad
/// hand on bytes. A field `data` alone is of anything.
const BYTES: [&str; 3] = ["data", "Data", "value"];
const BESIDE_BYTES: [&str; 9] = [
    "messageId",
    "message_id",
    "publishTime",
    "sequenceNumber",
    "SequenceNumber",
    "recordId",
    "partitionKey",
    "partition",
    "Offset",
];

/// The text of a field of base64.
pub(super) fn text_of_base64(
    field: &str,
    text: &str,
    object: &Map<String, Value>,
) -> Option<String> {
    let is_encoded = BYTES.contains(&field)
        && !text.contains('{')
        && BESIDE_BYTES
            .iter()
            .any(|beside| object.contains_key(*beside));
    is_encoded.then(|| String::from_utf8_lossy(&base64(text.as_bytes())).into_owned())
}

/// The text of a value as OpenTelemetry writes it, be it a string or bytes.
pub(super) fn text_of_value(any: &Map<String, Value>) -> Option<String> {
    let of = |kind: &str| any.get(kind).and_then(Value::as_str);
    let bytes = |text: &str| String::from_utf8_lossy(&base64(text.as_bytes())).into_owned();
    of("stringValue")
        .map(str::to_owned)
        .or_else(|| of("bytesValue").map(bytes))
}

/// The values of an array as OpenTelemetry writes it.
pub(super) fn array_of_value(any: &Map<String, Value>) -> Option<&Vec<Value>> {
    any.get("arrayValue")?.get("values")?.as_array()
}

/// An object as OpenTelemetry writes it: a list of keys, and of values that say their types.
pub(super) fn object_of_pairs(any: &Map<String, Value>) -> Option<Map<String, Value>> {
    let pairs = any.get("kvlistValue")?.get("values")?.as_array()?;
    let pairs = pairs.iter().map(|pair| {
        let key = pair.get("key")?.as_str()?;
        Some((key.to_owned(), plain(pair.get("value")?)?))
    });
    pairs.collect()
}

/// A value that says its type.
fn plain(any: &Value) -> Option<Value> {
    let any = any.as_object()?;
    let Some((kind, value)) = any.iter().next() else {
        return Some(Value::Null);
    };
    match kind.as_str() {
        "kvlistValue" => object_of_pairs(any).map(Value::Object),
        "arrayValue" => {
            let values = array_of_value(any).into_iter().flatten().map(plain);
            values.collect::<Option<Vec<_>>>().map(Value::Array)
        }
        "bytesValue" => text_of_value(any).map(Value::String),
        "stringValue" | "intValue" | "doubleValue" | "boolValue" => Some(value.clone()),
        _ => None,
    }
}
