//! Panics are caught at the boundary, and thrown instead of printed.

use std::panic::{set_hook, take_hook};

use napi_derive::module_init;

/// Runs once, when the addon is loaded. A panic is thrown as an `Error` with its message, so it is not printed as well,
/// unless `RUST_BACKTRACE` asks for it. The hook belongs to the addon's own copy of the standard library: other addons
/// keep theirs.
#[module_init]
fn silence_panics() {
    let print = take_hook();
    set_hook(Box::new(move |panic| {
        if std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0") {
            print(panic);
        }
    }));
}
