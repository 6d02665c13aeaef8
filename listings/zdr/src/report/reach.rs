//! How a client reaches the server that was judged.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a client reaches a server.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Reach {
    /// Host and port. A server that `zdr` starts has another port each time: `127.0.0.1:PORT`.
    pub address: String,
    /// The name that its certificate bears.
    pub name: String,
    /// The path that clients ask for. `None` where HTTP is not spoken.
    pub request: Option<String>,
    /// The path of a long answer. `None` where nobody says which.
    pub download: Option<String>,
    /// Whether it asks clients for certificates.
    pub client_auth: bool,
    /// The protocol in which a client asks for TLS before it begins, as `openssl s_client -starttls` names it.
    /// `None` where TLS comes first.
    #[serde(default)]
    pub starttls: Option<String>,
    /// Whether words come before TLS that only the description of the server tells: no other program says them.
    #[serde(default)]
    pub begins_in_clear: bool,
    /// Whether clients complete handshakes and ask for nothing, since nobody says what.
    #[serde(default)]
    pub asks_nothing: bool,
}
