//! The database file as the writer has it: opened when needed, left when it is moved, set aside when it is damaged.
//!
//! What was written counts only if the file is still the one at the store's path after the commit. What cannot be done
//! is an error for the writer to act on; what was found wrong with a file is reported here.

use rusqlite::Connection;
use std::{sync::Arc, time::Duration};

use super::{
    batch::{self, Findings},
    bounds::AT_ONCE,
    command::{Command, Task},
    core::Core,
    database::Database,
    events::Reason,
    folder::Identity,
    trouble::Trouble,
};

/// Between two searches for what has expired while there is room.
const PURGE_EVERY: Duration = Duration::from_mins(1);

/// How long to wait for somebody else who sets a file aside.
const LOCK_PATIENCE: Duration = Duration::from_secs(3);

pub(super) struct Site {
    core: Arc<Core>,
    database: Option<Database>,
    /// The file that could not be opened last.
    suspect: Option<Identity>,
    /// A file that nothing can be done with.
    useless: Option<(Identity, Trouble)>,
    /// When to look for what has expired.
    purge_at: Duration,
    /// The file has pages to give back, when there is nothing else to do.
    has_slack: bool,
}

impl Site {
    pub(super) fn new(core: Arc<Core>) -> Self {
        Self {
            core,
            database: None,
            suspect: None,
            useless: None,
            purge_at: Duration::ZERO,
            has_slack: false,
        }
    }

    /// Whether the file has pages to give back.
    pub(super) fn has_slack(&self) -> bool {
        self.has_slack
    }

    pub(super) fn connection(&self) -> Option<&Connection> {
        self.database.as_ref().map(|database| &database.connection)
    }

    /// Opens a store that is there, so that what is wrong with it is known early.
    pub(super) fn look(&mut self) -> Result<(), Trouble> {
        match self.open(false) {
            Err(Trouble::Damaged(message)) => {
                self.set_aside(self.suspect, &message);
                Ok(())
            }
            opened => opened,
        }
    }

    /// Writes commands in one transaction, to the file that is at the path when it is committed.
    pub(super) fn write(&mut self, commands: &[Command]) -> Result<Findings, Trouble> {
        if self.core.is_off() {
            return Err(Trouble::Off);
        }
        for command in commands {
            if let Task::SetAside(identity, message) = &command.task {
                self.set_aside(*identity, message);
            }
        }
        self.open(commands.iter().any(|command| command.task.needs_file()))?;
        let Some(database) = &self.database else {
            return Ok(Findings::default());
        };
        let durable = commands.iter().any(|command| matches!(command.task, Task::Flush(_)));
        let now = self.core.clock.monotonic();
        let purge = now >= self.purge_at;
        let findings = batch::write(&database.connection, &self.core, commands, durable, purge)?;
        if purge && findings.expired < AT_ONCE.into() {
            self.purge_at = now + PURGE_EVERY;
        }
        self.has_slack = findings.has_slack;
        if database.is_in_place(&self.core.folder) {
            write_back(&database.connection, &self.core);
            Ok(findings)
        } else {
            self.leave_moved_file();
            Err(Trouble::Missing)
        }
    }

    /// Gives some pages of the file back.
    pub(super) fn give_back(&mut self) {
        let written = match &self.database {
            Some(database) => batch::write(&database.connection, &self.core, &[], false, false),
            None => Ok(Findings::default()),
        };
        // What keeps it from being done now will let it be done after the next batch.
        self.has_slack = written.is_ok_and(|findings| findings.has_slack);
    }

    /// Sets the file aside with which something has just failed.
    pub(super) fn set_current_aside(&mut self, message: &str) {
        let opened = self.database.take().map(|database| database.identity());
        self.set_aside(opened.or(self.suspect), message);
    }

    /// Closes the file without ado.
    pub(super) fn forget(&mut self) {
        self.database = None;
    }

    /// Writes the log back, while the file is the one at the path.
    pub(super) fn close(&mut self) {
        while self.has_slack {
            self.give_back();
        }
        if let Some(database) = self.database.take()
            && database.is_in_place(&self.core.folder)
        {
            checkpoint(&database.connection);
        }
    }

    /// Has the file open that is at the path; `needs_file`: makes one if there is none.
    fn open(&mut self, needs_file: bool) -> Result<(), Trouble> {
        let core = self.core.clone();
        if self
            .database
            .as_ref()
            .is_some_and(|database| !database.is_in_place(&core.folder))
        {
            self.leave_moved_file();
        }
        if self.database.is_some() {
            return Ok(());
        }
        let there = core.folder.identity().ok();
        if there.is_none() && !needs_file {
            return Ok(());
        }
        if let Some((useless, trouble)) = &self.useless
            && there == Some(*useless)
        {
            return Err(trouble.clone());
        }
        match Database::open_writer(&core.folder, core.bounds()) {
            Ok(database) => {
                self.database = Some(database);
                Ok(())
            }
            Err((trouble, identity)) => {
                self.suspect = identity;
                if let (Trouble::Future(_) | Trouble::Foreign, Some(identity)) = (&trouble, identity) {
                    let reason = match trouble {
                        Trouble::Future(_) => Reason::FutureSchema,
                        _ => Reason::ForeignFile,
                    };
                    core.report(reason, format!("{trouble}; it is left alone, and nothing is stored"));
                    self.useless = Some((identity, trouble.clone()));
                }
                Err(trouble)
            }
        }
    }

    fn leave_moved_file(&mut self) {
        self.database = None;
        self.core.next_generation();
        self.core.report(
            Reason::MovedFile,
            "the store was moved or deleted; what is written goes to a new one",
        );
    }

    fn set_aside(&mut self, identity: Option<Identity>, message: &str) {
        let core = self.core.clone();
        let Some(identity) = identity else { return };
        let moved = core
            .folder
            .lock_alone(LOCK_PATIENCE)
            .and_then(|_lock| core.folder.set_aside(identity, core.clock.wall().0));
        self.database = None;
        core.next_generation();
        match moved {
            Ok(Some(path)) => core.events.report(
                Reason::DamagedFile,
                path,
                format!("{message}; the file was set aside, a new one begun"),
            ),
            // Somebody else has done it.
            Ok(None) => {}
            Err(error) => core.report(
                Reason::WriteFailed,
                format!("{message}; it cannot be set aside: {error}"),
            ),
        }
    }
}

/// Writes the log back when it has outgrown its bound, which readers in the middle of it can bring about.
fn write_back(connection: &Connection, core: &Core) {
    if core.folder.part_bytes("-wal") > core.bounds().log * 3 / 2 {
        checkpoint(connection);
    }
}

/// The next commit, or the next process, does what this one cannot.
fn checkpoint(connection: &Connection) {
    let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
}
