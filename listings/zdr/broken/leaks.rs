//! What a reload leaves behind where its defect says so: memory, descriptors, threads, work, children.

use std::fs;
use std::hint::spin_loop;
use std::mem;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::defect::Defect;

/// How much memory a reload leaves behind, in bytes, where it does.
const LEAK: usize = 8 << 20;
/// How many descriptors, or threads, a reload leaves behind, where it does.
const DESCRIPTORS: usize = 20;

/// Opens descriptors that nothing closes. Where there are no more to be had, there is nothing left to show.
pub fn descriptors() {
    let opened = (0..DESCRIPTORS).map(|_| fs::File::open("/dev/null"));
    opened.flatten().for_each(mem::forget);
}

/// A thread that keeps a processor busy, for this time or for good.
pub fn work(time: Option<Duration>) {
    let began = Instant::now();
    thread::spawn(move || {
        while time.is_none_or(|time| began.elapsed() < time) {
            spin_loop();
        }
    });
}

/// After each reload.
///
/// # Errors
/// When the child does not start.
pub fn leave_behind(defect: Option<Defect>) -> Result<(), String> {
    match defect {
        Some(Defect::LeaksMemory) => mem::forget(vec![1_u8; LEAK]),
        Some(Defect::DescriptorsLeak) => descriptors(),
        Some(Defect::ThreadsLeak) => {
            for _ in 0..DESCRIPTORS {
                thread::spawn(thread::park);
            }
        }
        Some(Defect::LeavesWork) => work(None),
        Some(Defect::LeavesChildren) => {
            // It ends with this process, which holds the other end of its pipe.
            let mut hook = Command::new("cat");
            hook.stdin(Stdio::piped()).stdout(Stdio::null());
            mem::forget(hook.spawn().map_err(|error| error.to_string())?);
        }
        _ => {}
    }
    Ok(())
}
