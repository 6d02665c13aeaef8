//! The lock that puts reloads in order. With the feature `shuttle` it is shuttle's, and
//! `tests/schedules.rs` tries every schedule in which threads can take it.

#[cfg(not(feature = "shuttle"))]
pub(crate) use parking_lot::Mutex;
#[cfg(feature = "shuttle")]
pub(crate) use scheduled::Mutex;

#[cfg(feature = "shuttle")]
mod scheduled {
    use std::sync::PoisonError;

    use shuttle::sync::MutexGuard;

    /// As `parking_lot`'s, which knows no poisoning, over shuttle's.
    #[derive(Debug)]
    pub(crate) struct Mutex<T>(shuttle::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(shuttle::sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }
}
