//! How many servers run at once, in all tests of this program. They mostly wait; but the more of them
//! there are, the longer each takes, and what is slow is judged.

use std::cell::{Cell, RefCell};

use tokio::runtime::Builder;
use tokio::sync::{Semaphore, SemaphorePermit};

/// All turns together: a server that takes them runs alone.
pub const AT_ONCE: u32 = 32;
/// As how many servers one counts that is called by clients of all classes.
pub const ALL_CLASSES: u32 = 4;
static TURNS: Semaphore = Semaphore::const_new(AT_ONCE as usize);

thread_local! {
    /// How often the test of this thread has asked. The second time it does not wait.
    static ASKED: Cell<usize> = const { Cell::new(0) };
    static MINE: RefCell<Option<SemaphorePermit<'static>>> = const { RefCell::new(None) };
}

/// Waits until so many more servers may run, as long as what is returned lives.
pub async fn of(servers: u32) -> SemaphorePermit<'static> {
    TURNS.acquire_many(servers).await.unwrap()
}

/// The turn of a test that waits for processes: as many as a server with all classes of clients needs.
pub struct Turn(());

impl Turn {
    pub fn wait() -> Self {
        if ASKED.replace(ASKED.get() + 1) == 0 {
            let runtime = Builder::new_current_thread().build().unwrap();
            MINE.set(Some(runtime.block_on(of(ALL_CLASSES))));
        }
        Self(())
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        ASKED.set(ASKED.get() - 1);
        if ASKED.get() == 0 {
            MINE.take();
        }
    }
}
