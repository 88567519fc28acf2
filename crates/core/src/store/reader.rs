//! The connection of one thread that reads.
//!
//! It is opened when first needed and opened anew when another file stands at the path, which is looked for at every
//! miss and now and then else: what a moved file still answers is not wrong. A reader changes nothing; what it finds
//! damaged it tells the writer.

use rusqlite::Connection;
use std::time::Duration;

use super::{command::Task, core::Core, database::Database, folder::Identity, trouble::Trouble};

/// Reads after which a reader looks whether its file is still the one at the path.
const TRUST: u32 = 32;

/// How long a reader that met a locked or failing file leaves it alone: its caller must not wait again and again.
const REST: Duration = Duration::from_secs(5);

#[derive(Default)]
pub(super) struct Reader {
    database: Option<Database>,
    generation: u64,
    reads: u32,
    /// A file that this reader can do nothing with.
    useless: Option<Identity>,
    resting_until: Duration,
}

impl Reader {
    /// Asks the database; `None` where there is none to ask.
    pub(super) fn ask<T>(
        &mut self,
        core: &Core,
        question: impl FnOnce(&Connection) -> Result<Option<T>, Trouble>,
    ) -> Option<T> {
        let connection = self.connection(core)?;
        match question(connection) {
            Ok(Some(answer)) => Some(answer),
            Ok(None) => {
                self.reads = TRUST;
                None
            }
            Err(trouble) => {
                let identity = self.database.as_ref().map(Database::identity);
                self.give_up(core, trouble, identity);
                None
            }
        }
    }

    /// Closes the connection.
    pub(super) fn close(&mut self) {
        self.database = None;
    }

    fn connection(&mut self, core: &Core) -> Option<&Connection> {
        if core.is_off() {
            return None;
        }
        self.leave_moved_file(core);
        if self.database.is_none() && self.may_open(core) {
            self.generation = core.generation();
            match Database::open_reader(&core.folder) {
                Ok(database) => self.database = Some(database),
                Err((trouble, identity)) => self.give_up(core, trouble, identity),
            }
        }
        self.database.as_ref().map(|database| &database.connection)
    }

    fn leave_moved_file(&mut self, core: &Core) {
        let Some(database) = &self.database else { return };
        self.reads += 1;
        if self.reads > TRUST {
            self.reads = 0;
            if !database.is_in_place(&core.folder) {
                self.database = None;
            }
        }
        if self.generation != core.generation() {
            self.database = None;
        }
    }

    fn may_open(&self, core: &Core) -> bool {
        let identity = core.folder.identity().ok();
        identity.is_some() && identity != self.useless && core.clock.monotonic() >= self.resting_until
    }

    fn give_up(&mut self, core: &Core, trouble: Trouble, identity: Option<Identity>) {
        match trouble {
            Trouble::Missing | Trouble::Off => {}
            Trouble::Busy | Trouble::ReadOnly(_) | Trouble::Failed(_) => {
                self.resting_until = core.clock.monotonic() + REST;
            }
            Trouble::Damaged(message) => {
                self.useless = identity;
                core.queue.order(Task::SetAside(identity, message));
            }
            Trouble::Future(_) | Trouble::Foreign => self.useless = identity,
        }
        self.database = None;
    }
}
