//! The limiters of the process that have a name.
//!
//! This is shared between threads on purpose, and by name only. A limiter is here as long as anybody holds it: the list
//! keeps none of them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use thiserror::Error;

use super::super::Limits;
use super::Shared;

static NAMED: Mutex<BTreeMap<String, Weak<Shared>>> = Mutex::new(BTreeMap::new());

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
pub(super) fn open(name: &str, limits: Limits, make: impl FnOnce() -> Shared) -> Result<Arc<Shared>, NameError> {
    let mut named = NAMED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(shared) = named.get(name).and_then(Weak::upgrade) {
        let in_force = shared.lock().agreed;
        return if in_force == limits {
            Ok(shared)
        } else {
            Err(NameError::OtherLimits { in_force })
        };
    }
    named.retain(|_, shared| shared.strong_count() > 0);
    let shared = Arc::new(make());
    named.insert(name.to_owned(), Arc::downgrade(&shared));
    Ok(shared)
}
