//! Clients that differ from most: they name no server, or one that this one is not, or offer other protocols.

use std::sync::Arc;

use ch02_hot_reload::identity::Source;
use rustls::NamedGroup::X25519MLKEM768;
use rustls::server::ClientHello;
use rustls::sign::CertifiedKey;

use crate::defect::Defect;
use crate::unusual::Unusual;

/// Which of them are answered in a way of their own, and how.
pub struct Aside {
    who: Option<Who>,
    /// What they are shown. `None` where they are turned away.
    shown: Option<Arc<CertifiedKey>>,
    names: Vec<String>,
}

#[derive(Clone, Copy, PartialEq)]
enum Who {
    Nameless,
    OfUnknownName,
    OfTls12,
    NoProtocol,
    Http2Alone,
}

impl Aside {
    /// What this server does with them, whose `first` certificate was this. It may still be at that.
    pub fn of(
        defect: Option<Defect>,
        unusual: Option<Unusual>,
        first: &Arc<CertifiedKey>,
        (source, is_first): (&Source, bool),
    ) -> Self {
        let kept = match defect {
            Some(Defect::NamelessKeepsOld) => Some(Who::Nameless),
            Some(Defect::UnknownNameKeepsOld) => Some(Who::OfUnknownName),
            Some(Defect::Tls12KeepsOld) => Some(Who::OfTls12),
            Some(Defect::NoProtocolKeepsOld) => Some(Who::NoProtocol),
            Some(Defect::Http2KeepsOld) => Some(Who::Http2Alone),
            _ => None,
        };
        let turned_away = match (unusual, defect) {
            (Some(Unusual::NameWanted), _) => Some(Who::Nameless),
            (Some(Unusual::KnownNames), _) => Some(Who::OfUnknownName),
            (_, Some(Defect::UnknownNameLost)) if !is_first => Some(Who::OfUnknownName),
            (_, Some(Defect::NamelessLost)) if !is_first => Some(Who::Nameless),
            (_, Some(Defect::NoProtocolLost)) if !is_first => Some(Who::NoProtocol),
            _ => None,
        };
        let names = source.names.iter().map(|name| name.to_str().into_owned());
        Self {
            who: kept.or(turned_away),
            shown: kept.map(|_| first.clone()),
            names: names.collect(),
        }
    }

    /// What this client is answered. `None` where that is what most are.
    pub fn answer(&self, hello: &ClientHello<'_>) -> Option<Option<Arc<CertifiedKey>>> {
        let who = self.who?;
        let name = hello.server_name();
        let offers: Option<Vec<&[u8]>> = hello.alpn().map(Iterator::collect);
        let is_meant = match who {
            Who::Nameless => name.is_none(),
            Who::OfUnknownName => name.is_some_and(|name| !self.names.iter().any(|of| of == name)),
            // The hybrid with ML-KEM is for TLS 1.3 alone, and each client of `zdr` that speaks that offers it.
            Who::OfTls12 => hello
                .named_groups()
                .is_some_and(|groups| !groups.contains(&X25519MLKEM768)),
            Who::NoProtocol => offers.is_none(),
            Who::Http2Alone => offers.is_some_and(|offers| offers == [b"h2"]),
        };
        is_meant.then(|| self.shown.clone())
    }
}
