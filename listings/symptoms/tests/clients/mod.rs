//! What clients print of servers that are wrong.

mod chromium;
mod curl;
mod go;
mod node;
mod openssl;
mod postgresql;
mod python;
mod rustls;
