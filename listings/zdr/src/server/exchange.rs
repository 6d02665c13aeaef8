//! What clients say over TLS in a protocol that zdr does not know: the table `[exchange]`.
//!
//! What a field's documentation says here is what `zdr help toml` and the book's reference say of the key.

use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// What clients say to a server with `protocol = "tls"`. Without this table, they complete a handshake, say nothing,
/// and only see whether the server ends a connection.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// The protocols that clients offer in the handshake (ALPN). Without it, they offer none.
    #[serde(default, deserialize_with = "names")]
    #[schemars(extend("toml" = r#"alpn = ["mqtt"]"#))]
    pub alpn: Vec<String>,
    /// What is said before TLS begins, for a server that is asked to switch to TLS.
    #[serde(default, deserialize_with = "turns")]
    #[schemars(extend("toml" = r#"before_tls = [{ expect = "220 " }, { send = "AUTH TLS\r\n", expect = "234 " }]"#))]
    pub before_tls: Vec<Turn>,
    /// What is said first over each connection, such as a login.
    #[serde(default, deserialize_with = "turns")]
    #[schemars(extend("toml" = r#"begin = [{ send_hex = "10 0c 00 04 4d 51 54 54 04 02 00 3c 00 00", expect_hex = "20 02 00 00" }]"#))]
    pub begin: Vec<Turn>,
    /// A request that changes nothing, with its answer. Clients send it over and over.
    #[serde(default, deserialize_with = "one_turn")]
    #[schemars(extend("toml" = r#"ask = { send = "PING\r\n", expect = "PONG" }"#))]
    pub ask: Option<Turn>,
    /// What is said last over each connection, before the client ends it.
    #[serde(default, deserialize_with = "one_turn")]
    #[schemars(extend("toml" = r#"leave = { send = "QUIT\r\n" }"#))]
    pub leave: Option<Turn>,
}

/// Something to say, and what has to be answered. It needs a key to send or one to expect, and can have one of each.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Turn {
    /// A text to send. Most protocols end a line by `\r\n`.
    #[schemars(extend("toml" = r#"send = "PING\r\n""#))]
    pub send: Option<String>,
    /// Bytes to send, two hexadecimal digits for each.
    #[serde(default, deserialize_with = "bytes")]
    #[schemars(with = "Option<String>", extend("toml" = r#"send_hex = "c0 00""#))]
    pub send_hex: Option<Vec<u8>>,
    /// The answer is read line by line until a line contains this text. Where a protocol has no
    /// lines, use `expect_hex`.
    #[schemars(extend("toml" = r#"expect = "PONG""#))]
    pub expect: Option<String>,
    /// The answer is read until these bytes have come.
    #[serde(default, deserialize_with = "bytes")]
    #[schemars(with = "Option<String>", extend("toml" = r#"expect_hex = "d0 00""#))]
    pub expect_hex: Option<Vec<u8>>,
}

/// What an answer has to have in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected<'a> {
    /// A line in which this text is.
    Line(&'a str),
    /// These bytes, one after the other.
    Bytes(&'a [u8]),
}

impl Turn {
    /// What is sent. Empty where nothing is.
    pub fn sent(&self) -> &[u8] {
        let text = self.send.as_ref().map(String::as_bytes);
        text.or(self.send_hex.as_deref()).unwrap_or_default()
    }

    /// What has to be answered. `None` where nobody waits for an answer.
    pub fn expected(&self) -> Option<Expected<'_>> {
        let line = self.expect.as_deref().map(Expected::Line);
        line.or(self.expect_hex.as_deref().map(Expected::Bytes))
    }

    /// What is sent, for a sentence.
    pub fn words(&self) -> String {
        match (&self.send, &self.send_hex) {
            (Some(text), _) => format!("`{}`", text.trim_end().escape_debug()),
            (None, Some(bytes)) => format!("`{}` (in hex)", in_hex(bytes)),
            (None, None) => "the connection".into(),
        }
    }

    /// What contradicts itself.
    fn mistake(&self) -> Option<&'static str> {
        let sends = usize::from(self.send.is_some()) + usize::from(self.send_hex.is_some());
        let expects = usize::from(self.expect.is_some()) + usize::from(self.expect_hex.is_some());
        match (sends, expects) {
            (0, 0) => Some(
                "a turn needs something to send or to expect: `send`, `send_hex`, `expect` or `expect_hex`",
            ),
            (2, _) => Some("both `send` and `send_hex`: one turn sends one of them"),
            (_, 2) => Some("both `expect` and `expect_hex`: one turn waits for one of them"),
            _ => match self.expected() {
                Some(Expected::Line("") | Expected::Bytes([])) => Some(
                    "nothing is expected, which no answer could lack: give a text, or leave the key out",
                ),
                Some(Expected::Line(text)) if text.contains('\n') => Some(
                    "`expect` is looked for within one line, and has an end of line in it: leave that out",
                ),
                _ => None,
            },
        }
    }
}

/// Bytes as hexadecimal digits, with a blank between two.
pub fn in_hex(bytes: &[u8]) -> String {
    let all: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    all.join(" ")
}

fn turns<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Turn>, D::Error> {
    let turns = Vec::<Turn>::deserialize(from)?;
    match turns.iter().find_map(Turn::mistake) {
        Some(mistake) => Err(D::Error::custom(mistake)),
        None => Ok(turns),
    }
}

fn one_turn<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Turn>, D::Error> {
    let turn = Turn::deserialize(from)?;
    match turn.mistake() {
        Some(mistake) => Err(D::Error::custom(mistake)),
        None => Ok(Some(turn)),
    }
}

/// Names for ALPN have 1 to 255 bytes (RFC 7301, section 3.1).
fn names<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let names = Vec::<String>::deserialize(from)?;
    match names
        .iter()
        .find(|name| name.is_empty() || name.len() > 255)
    {
        Some(_) => Err(D::Error::custom(
            "a protocol's name for ALPN has 1 to 255 bytes",
        )),
        None => Ok(names),
    }
}

fn bytes<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<u8>>, D::Error> {
    let text = String::deserialize(from)?;
    let digits: Vec<_> = text
        .chars()
        .filter(|letter| !letter.is_whitespace())
        .collect();
    let values = digits.chunks(2).map(|pair| {
        let pair: String = pair.iter().collect();
        let is_byte = pair.len() == 2 && pair.bytes().all(|digit| digit.is_ascii_hexdigit());
        is_byte
            .then(|| u8::from_str_radix(&pair, 16).ok())
            .flatten()
    });
    match values.collect() {
        Some(bytes) => Ok(Some(bytes)),
        None => {
            let why = format!(
                "`{text}` is no bytes: write two hexadecimal digits for each, such as \"c0 00\""
            );
            Err(D::Error::custom(why))
        }
    }
}
