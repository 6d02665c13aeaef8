//! How many servers run at once, in all tests of this program. They mostly wait; but the more of them
//! there are, the longer each takes, and what is slow is judged.

use tokio::sync::{Semaphore, SemaphorePermit};

/// All turns together: a server that takes them runs alone.
pub const AT_ONCE: usize = 16;
static TURNS: Semaphore = Semaphore::const_new(AT_ONCE);

/// Waits until so many more servers may run, as long as what is returned lives.
pub async fn of(servers: u32) -> SemaphorePermit<'static> {
    TURNS.acquire_many(servers).await.unwrap()
}
