//! The limiters of the process that have a name.
//!
//! This is shared between threads on purpose, and by name only. A limiter is here as long as anybody holds it, and then
//! until nothing counts any more of what it admitted: when the last holder goes is often up to a garbage collector, and
//! must not decide how many starts there are in a minute.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use thiserror::Error;

use super::super::Limits;
use super::{Handle, Shared};

static NAMED: Mutex<BTreeMap<String, Arc<Shared>>> = Mutex::new(BTreeMap::new());

/// Why a name gives no limiter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NameError {
    /// There is a limiter of that name, and it has other limits. Ask for the same, or by another name.
    #[error("a limiter of this name has other limits: {in_force:?}")]
    OtherLimits {
        /// What the limiter was made with.
        in_force: Limits,
    },
}

/// The limiter of this name, made where there is none.
pub(super) fn open(name: &str, limits: Limits, make: impl FnOnce() -> Shared) -> Result<Handle, NameError> {
    let mut named = NAMED.lock().unwrap_or_else(PoisonError::into_inner);
    named.retain(|_, shared| !shared.lock().is_over());
    if let Some(shared) = named.get(name) {
        shared.lock().agree(limits)?;
        return Ok(Handle::of(shared.clone()));
    }
    let shared = Arc::new(make());
    named.insert(name.to_owned(), shared.clone());
    Ok(Handle::of(shared))
}
