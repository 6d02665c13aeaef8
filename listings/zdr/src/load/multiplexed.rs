//! Connections with many streams, by HTTP/2 or by HTTP/3.

use crate::attempt::failure::Where;
use ch06_in_flight_requests::client::Http;
use lab::client::Client;

use crate::load::download::{Answer, AnyDownload};
use crate::load::failure::Failed;
use crate::load::http3::Http3;
use crate::load::probe::{Probe, ProbeContext};
use crate::load::quic::QuicClient;
use crate::load::target::Target;
use crate::server::origin::DOWNLOAD;

/// Opens such connections.
#[derive(Clone)]
pub(super) enum Caller {
    Http2(Client),
    Http3(Box<QuicClient>),
}

/// An open one.
pub(super) enum Multiplexed {
    Http2(Http),
    Http3(Box<Http3>),
}

impl Caller {
    /// Opens a connection.
    pub async fn connect(
        &self,
        context: &ProbeContext,
        probe: &mut Probe,
    ) -> Result<Multiplexed, Failed> {
        Ok(match self {
            Self::Http2(client) => Multiplexed::Http2(context.connect(client, probe).await?),
            Self::Http3(client) => {
                let http = context.connect_http3(client, probe).await?;
                Multiplexed::Http3(Box::new(http))
            }
        })
    }
}

impl Multiplexed {
    /// Whether no request can be sent over it any more.
    pub fn is_closed(&mut self) -> bool {
        match self {
            Self::Http2(http) => http.is_closed(),
            Self::Http3(http) => http.is_closed(),
        }
    }

    /// A request for so many bytes.
    pub async fn request(&mut self, target: &Target, size: u64, at: Where) -> Result<(), Failed> {
        match self {
            Self::Http2(http) => target.request(http, size, at).await.map(drop),
            Self::Http3(http) => target.request_http3(http, size, at).await,
        }
    }

    /// Asks for a long answer, and returns its beginning.
    pub async fn start(&mut self, target: &Target) -> Result<Answer, Failed> {
        match self {
            Self::Http2(http) if target.download.is_some() => {
                let answer = target.ask_for_download(http).await?;
                Ok(Answer::AnyStream(AnyDownload::of(answer)))
            }
            Self::Http2(http) => {
                let stream = http.start(DOWNLOAD).await;
                let stream = stream.map_err(|error| Failed::of(error, Where::New))?;
                Ok(Answer::Stream(stream))
            }
            Self::Http3(http) => {
                let body = target.long_answer_http3(http).await?;
                Ok(Answer::Http3(Box::new(body)))
            }
        }
    }
}
