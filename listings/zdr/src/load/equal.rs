//! Clients that offer the same to every server, so that what a handshake costs can be compared: TLS 1.3 with
//! `TLS_AES_128_GCM_SHA256` and X25519, or P-256 where the server has no other (RFC 9846, section 9.1: what each
//! implementation has, or should have).

use std::io;
use std::sync::Arc;

use lab::client::Client;
use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::load::failure::Failed;
use crate::load::quic::QuicClient;
use crate::load::target::Target;

impl Target {
    /// A client that offers what all such clients offer, and never resumes.
    ///
    /// # Errors
    /// When there is no usable trust anchor, or the name is none.
    pub(crate) fn equal_client(&self) -> io::Result<Client> {
        Ok(Client::with_config(
            Arc::new(self.equal_config()?),
            &self.name,
        )?)
    }

    /// The same, over QUIC.
    ///
    /// # Errors
    /// As [`Target::equal_client`].
    pub(crate) fn equal_quic_client(&self) -> io::Result<QuicClient> {
        let config = self.equal_config()?;
        Ok(QuicClient::new(&config, self.verifier()?, &self.name))
    }

    fn equal_config(&self) -> io::Result<ClientConfig> {
        let mut provider = aws_lc_rs::default_provider();
        provider.cipher_suites = vec![aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256];
        // The first is what it begins with. PostgreSQL 15 knows the second alone, and asks for it.
        provider.kx_groups = vec![aws_lc_rs::kx_group::X25519, aws_lc_rs::kx_group::SECP256R1];
        self.config_of(provider, &[&rustls::version::TLS13])
    }

    /// A full handshake, and no request. The client takes leave, and waits for half of its patience until the server
    /// does: by then that, too, has come to the end of the handshake. The handshake counts without that.
    ///
    /// # Errors
    /// What the client's library said.
    pub(crate) async fn shake_hands(&self, client: &Client) -> Result<(), Failed> {
        // Boxed: without optimisation, so much room is more than a worker thread has.
        self.in_time(Box::pin(async {
            let (mut stream, seen) = self.open(client).await.map_err(Failed::opening)?;
            self.known(&seen)?;
            let leaving = async {
                stream.shutdown().await?;
                // Behind the leave nothing is read by TLS any more: a server of SMTP may say something in the clear.
                let (mut tcp, _) = stream.into_inner();
                while tcp.read(&mut [0; 512]).await? > 0 {}
                io::Result::Ok(())
            };
            // It may be gone already.
            let _ = timeout(self.patience / 2, leaving).await;
            Ok(())
        }))
        .await
    }

    /// The same, over QUIC.
    ///
    /// # Errors
    /// As [`Target::shake_hands`].
    pub(crate) async fn shake_hands_quic(&self, client: &QuicClient) -> Result<(), Failed> {
        // Boxed: without optimisation, so much room is more than a worker thread has.
        self.in_time(Box::pin(async {
            let address = *self.address.borrow();
            // It is closed when it is dropped.
            let (_quic, seen) = client.handshake(address).await.map_err(Failed::opening)?;
            self.known(&seen)
        }))
        .await
    }
}
