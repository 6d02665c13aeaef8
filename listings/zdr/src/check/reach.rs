//! How a client reaches the server that a description tells of.

use crate::report::reach::Reach;
use crate::server::origin::DOWNLOAD;
use crate::server::spec::{Protocol, Spec};

/// How a client reaches it. The port of a server that is started is another each time.
pub(super) fn reach(spec: &Spec) -> Reach {
    let known = || format!("/bytes/{DOWNLOAD}");
    let (request, download) = match spec.protocol {
        Protocol::Http => (Some("/bytes/1".to_owned()), Some(known())),
        Protocol::AnyHttp => (Some("/".to_owned()), spec.download.clone()),
        _ => (None, None),
    };
    let attached = spec.attach.as_ref();
    Reach {
        address: attached.map_or("127.0.0.1:PORT".into(), |of| of.address.clone()),
        name: attached.map_or(spec.served_name().into(), |of| of.server_name.clone()),
        request,
        download,
        client_auth: spec.client_auth,
        starttls: match spec.protocol {
            Protocol::Postgresql => Some("postgres".into()),
            Protocol::Smtp => Some("smtp".into()),
            Protocol::Imap => Some("imap".into()),
            Protocol::Http
            | Protocol::AnyHttp
            | Protocol::Lab
            | Protocol::Redis
            | Protocol::Tls => None,
        },
        begins_in_clear: spec.begins_in_clear(),
        asks_nothing: spec.asks_nothing(),
    }
}
