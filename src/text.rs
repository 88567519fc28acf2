//! Strings of the caller's, read into buffers that a thread uses again and again.
//!
//! napi-rs asks each string for its length and reads it into memory of its own, which is cleared before and given back
//! after: for a key and an answer of a kilobyte that takes as long as all else that a `set` does here. A buffer is a
//! text's alone as long as that lives, and what it held before is never seen.

use napi::{
    Result, ValueType,
    bindgen_prelude::{FromNapiValue, TypeName, ValidateNapiValue},
    check_status, sys,
};
use std::{cell::RefCell, ops::Deref, ptr};

/// Units that a new buffer has room for: most keys and answers.
const ROOM: usize = 4 * 1024;

/// A larger buffer is given back to the allocator.
const MOST_KEPT: usize = 256 * 1024;

/// As many as one call takes strings.
const MOST_BUFFERS: usize = 4;

thread_local! {
    // Shared by all stores of the thread on purpose: it holds nothing but room.
    static BUFFERS: RefCell<Vec<Vec<u16>>> = const { RefCell::new(Vec::new()) };
}

/// A string as UTF-16 code units.
pub struct Text(Vec<u16>);

impl Deref for Text {
    type Target = [u16];

    fn deref(&self) -> &[u16] {
        &self.0
    }
}

impl Drop for Text {
    fn drop(&mut self) {
        let buffer = std::mem::take(&mut self.0);
        if buffer.capacity() > MOST_KEPT {
            return;
        }
        BUFFERS.with_borrow_mut(|buffers| {
            if buffers.len() < MOST_BUFFERS {
                buffers.push(buffer);
            }
        });
    }
}

impl TypeName for Text {
    fn type_name() -> &'static str {
        "String"
    }

    fn value_type() -> ValueType {
        ValueType::String
    }
}

impl ValidateNapiValue for Text {}

impl FromNapiValue for Text {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> Result<Self> {
        let mut units = BUFFERS.with_borrow_mut(Vec::pop).unwrap_or_default();
        units.clear();
        units.reserve(ROOM);
        // SAFETY: the caller of this function vouches for `env` and `value`.
        let mut length = unsafe { read(env, value, &mut units)? };
        if length + 1 == units.capacity() {
            // As much as there was room for, and perhaps not all of it.
            // SAFETY: as above; without a buffer only the length is given.
            check_status!(unsafe {
                sys::napi_get_value_string_utf16(env, value, ptr::null_mut(), 0, &raw mut length)
            })?;
            units.reserve(length + 1);
            // SAFETY: as above.
            length = unsafe { read(env, value, &mut units)? };
        }
        // SAFETY: the first `length` units have just been written.
        unsafe { units.set_len(length) };
        Ok(Self(units))
    }
}

/// Reads as much of a string as `units` has room for, and a NUL; how many units without that.
///
/// # Safety
///
/// `value` must be a value of `env`, whose thread this is.
unsafe fn read(env: sys::napi_env, value: sys::napi_value, units: &mut Vec<u16>) -> Result<usize> {
    let mut length = 0;
    // SAFETY: the call writes no more units than the capacity it is told, all within the buffer.
    let status =
        unsafe { sys::napi_get_value_string_utf16(env, value, units.as_mut_ptr(), units.capacity(), &raw mut length) };
    check_status!(status)?;
    Ok(length)
}
