//! The event contract, held against events.

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::Value;

/// The contract's schema, compiled.
pub struct Contract(Schemas, SchemaIndex);

impl Contract {
    /// The schema of the book's events (JSON Schema, draft 2020-12), with its formats asserted.
    ///
    /// # Panics
    /// When the schema is none.
    pub fn of_events() -> Self {
        let schema = include_str!("../../lab/events.schema.json");
        let schema = serde_json::from_str(schema).expect("it is JSON");
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.enable_format_assertions();
        let added = compiler.add_resource("events.json", schema);
        added.expect("it is a resource");
        let index = compiler.compile("events.json", &mut schemas);
        Self(schemas, index.expect("it is a schema"))
    }

    /// Whether this is an event of the contract, with the fields that it must have and no others.
    pub fn allows(&self, event: &Value) -> bool {
        self.0.validate(event, self.1).is_ok()
    }
}
