//! Options by which a server ends connections: several chapters have them, and clients see the same of each.

use std::time::Duration;

use lab::log::{Log, Want, want};

/// Less than what the defaults take: half a minute at the least, and nine tenths of an hour.
pub const SOON: Duration = Duration::from_secs(20);

/// A chapter's program, and a client of it that closes nothing by itself.
pub trait Scene: Sized {
    /// A connection that stays open as long as this lives.
    type Held;
    /// The same, with an answer that is not read: where it is dropped, the client closes.
    type Unread;

    /// Starts the program with these options.
    fn start(options: &[&str]) -> impl Future<Output = Self>;

    /// What the program logs.
    fn log(&self) -> &Log;

    /// Opens connections on which nothing more is asked. One that has been asked to leave already may be closed instead.
    fn hold(&self, count: usize) -> impl Future<Output = Vec<Self::Held>>;

    /// Opens one on which a long answer is asked for, and not read.
    fn hold_unread(&self) -> impl Future<Output = Self::Unread>;
}

/// A connection has ended.
pub fn closed() -> Want {
    want("connection_closed")
}

async fn closes<S: Scene>(scene: &S) {
    scene.log().wait_for(&closed(), SOON).await;
}

/// `--max-age-ms`: the client asks nothing more.
pub async fn max_age<S: Scene>() {
    let scene = S::start(&["--max-age-ms", "0", "--grace-ms", "0"]).await;
    let _held = scene.hold(1).await;
    closes(&scene).await;
}

/// `--jitter`: of twenty connections one has nearly the whole part taken off its age of forty seconds.
pub async fn jitter<S: Scene>() {
    let options = ["--max-age-ms", "40000", "--jitter", "1", "--grace-ms", "0"];
    let scene = S::start(&options).await;
    let _held = scene.hold(20).await;
    closes(&scene).await;
}

/// `--grace-ms`: the client does not read its answer, and is asked to leave at once.
pub async fn grace<S: Scene>() {
    let scene = S::start(&["--max-age-ms", "0", "--grace-ms", "1000"]).await;
    let _held = scene.hold_unread().await;
    closes(&scene).await;
}
