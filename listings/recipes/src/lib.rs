//! What a reader takes home.
//!
//! [`rotating`] is the file to copy: it uses no other file, and no crate of this repository. Beside it,
//! [`clients`] asks what clients of other libraries ask. [`serve`] accepts connections for a server with
//! hyper, axum or tonic. [`report`] is a hook that logs the book's events in its [`words`], and keeps
//! figures for Prometheus. The programs in `bin/` use them, a screenful each; `go/` and `python/` have the
//! same in other languages, `kubernetes/` the manifests.

pub mod clients;
pub mod report;
pub mod rotating;
pub mod serve;
pub mod words;

use std::error::Error;
use std::net::SocketAddr;

use rotating::{Asked, Check, Files};

/// What the programs take: `CHAIN KEY ROOTS NAME ADDRESS`.
///
/// # Errors
/// When something is missing, or is no name or address.
pub fn arguments() -> Result<(Files, Asked, SocketAddr), Box<dyn Error>> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let [chain, key, roots, name, address] = &given[..] else {
        return Err("usage: CHAIN KEY ROOTS NAME ADDRESS".into());
    };
    let files = [chain, key, roots].map(Into::into);
    let named = name.clone().try_into();
    let named = named.map_err(|_| format!("{name:?}: no name of a host, and no IP address"))?;
    let asked = (vec![named], clients::check as Check);
    Ok((files, asked, address.parse()?))
}

/// A long answer, which downloads while certificates change.
pub fn large() -> hyper::body::Bytes {
    vec![b'.'; 16 << 20].into()
}
