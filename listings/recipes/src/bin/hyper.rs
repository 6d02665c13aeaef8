//! hyper: one configuration for the life of the process, whose resolver follows the files.

use std::convert::Infallible;
use std::error::Error;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use recipes::rotating::Rotating;
use recipes::serve::{config, hangups_are_heard, serve};
use recipes::{arguments, large, report};
use tokio::net::TcpListener;
use tower::service_fn;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (files, asked, address) = arguments()?;
    // ANCHOR: hyper
    hangups_are_heard();
    let (hook, figures) = report::hook(&files);
    let pair = Rotating::start(files, asked, hook);
    let listener = TcpListener::bind(address).await?;
    report::listening(&listener)?;

    let large = large();
    let answer = move |request: Request<Incoming>| {
        let body = match request.uri().path() {
            "/metrics" => figures.to_string().into(),
            "/large" => large.clone(),
            _ => Bytes::from("hello\n"),
        };
        async { Ok::<_, Infallible>(Response::new(Full::new(body))) }
    };
    serve(listener, config(pair), service_fn(answer)).await;
    // ANCHOR_END: hyper
    Ok(())
}
