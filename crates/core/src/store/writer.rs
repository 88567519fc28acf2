//! The thread that does all writing of a process.
//!
//! It takes what waits, writes it in batches of one transaction each, and tells those who wait for it. It never holds
//! anything that a caller would have to wait for while it waits itself. A batch counts as written only if the file is
//! still the one at the store's path after the commit; otherwise it is written again to the one that is.

use rusqlite::Connection;
use std::{
    collections::{HashMap, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use super::{
    batch::{self, Findings},
    claim::Claim,
    command::{Command, Flush, Task},
    core::Core,
    database::Database,
    events::Reason,
    folder::Identity,
    lease::Decision,
    trouble::Trouble,
    waiting::Waiting,
};

/// Between two attempts to write what others keep from being written.
const RETRY: Duration = Duration::from_millis(20);

/// After this time a flush answers that it cannot be done.
const FLUSH_PATIENCE: Duration = Duration::from_secs(30);

/// Attempts to write a last time when nobody holds the store any more.
const LAST_ATTEMPTS: u32 = 20;

/// Attempts to write one batch to files that are moved or damaged again and again.
const FILES: u32 = 5;

/// Removals that are kept for another attempt after they failed.
const KEPT: usize = 1 << 16;

/// Panics after which the store is left alone.
const PANICS: u32 = 3;

pub(super) struct Writer {
    core: Arc<Core>,
    claim: Option<Claim>,
    database: Option<Database>,
    backlog: VecDeque<Command>,
    /// The file that could not be opened last.
    suspect: Option<Identity>,
    /// A file that nothing can be done with.
    useless: Option<(Identity, Trouble)>,
    failing: bool,
    /// The file has pages to give back, when there is nothing else to do.
    has_slack: bool,
    busy: u32,
    panics: u32,
    waiting: Waiting,
}

impl Writer {
    pub(super) fn new(core: Arc<Core>, claim: Option<Claim>) -> Self {
        Self {
            core,
            claim,
            database: None,
            backlog: VecDeque::new(),
            suspect: None,
            useless: None,
            failing: false,
            has_slack: false,
            busy: 0,
            panics: 0,
            waiting: Waiting::default(),
        }
    }

    /// Works until nobody holds the store and nothing waits. `retire` is asked then, and may say that somebody has
    /// come; it is given the claim to drop where nobody can come in between.
    pub(super) fn run(mut self, mut retire: impl FnMut(&mut Option<Claim>) -> bool) {
        self.guarded(Self::look);
        loop {
            let commands = self.core.queue.take(self.timeout());
            let is_last = commands.is_none();
            self.backlog.extend(commands.unwrap_or_default());
            self.guarded(Self::work);
            self.guarded(Self::attend);
            if is_last && (self.busy == 0 || self.busy > LAST_ATTEMPTS) {
                self.abandon_backlog();
                self.guarded(Self::close);
                if retire(&mut self.claim) {
                    break;
                }
            }
        }
        self.core.end();
    }

    /// How long to wait for commands: what others keep from being written is tried again soon.
    fn timeout(&self) -> Option<Duration> {
        if self.has_slack {
            Some(Duration::ZERO)
        } else if self.busy > 0 {
            Some(RETRY)
        } else {
            self.waiting.timeout(&self.core)
        }
    }

    /// Looks after leases.
    fn attend(&mut self) {
        let connection = self.database.as_ref().map(|database| &database.connection);
        self.waiting.attend(&self.core, connection);
    }

    fn guarded(&mut self, work: fn(&mut Self)) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| work(self))) {
            let message = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("unknown");
            self.panics += 1;
            self.database = None;
            self.core
                .report(Reason::Internal, format!("the writer failed: {message}"));
            if self.panics >= PANICS {
                self.core.turn_off();
            }
            self.abandon_backlog();
        }
    }

    /// Opens a store that is there, so that what is wrong with it is known early.
    fn look(&mut self) {
        if self.core.folder.identity().is_ok()
            && let Err(trouble) = self.open(false)
        {
            match trouble {
                Trouble::Damaged(message) => self.set_aside(self.suspect, &message),
                trouble => self.meet(trouble, 0),
            }
        }
    }

    fn work(&mut self) {
        let mut files = 0;
        if self.backlog.is_empty() && self.has_slack {
            self.give_back();
        }
        while !self.backlog.is_empty() {
            let length = self.next_batch();
            match self.write(length) {
                Ok(findings) => {
                    self.done(length, findings);
                    files = 0;
                }
                Err(Trouble::Missing) if files < FILES => files += 1,
                Err(Trouble::Damaged(message)) if files < FILES => {
                    files += 1;
                    let opened = self.database.take().map(|database| database.identity());
                    self.set_aside(opened.or(self.suspect), &message);
                }
                Err(trouble) => {
                    self.meet(trouble, length);
                    return;
                }
            }
        }
    }

    /// Gives some pages of the file back.
    fn give_back(&mut self) {
        let written = match &self.database {
            Some(database) => batch::write(&database.connection, &self.core, &[], false),
            None => Ok(Findings::default()),
        };
        // What keeps it from being done now will let it be done after the next batch.
        self.has_slack = written.is_ok_and(|findings| findings.has_slack);
    }

    /// The number of commands to write at once.
    fn next_batch(&mut self) -> usize {
        let most = self.core.bounds().batch as usize;
        let mut bytes = 0;
        let length = self.backlog.iter().take_while(|command| {
            let fits = bytes == 0 || bytes + command.bytes <= most;
            bytes += command.bytes;
            fits
        });
        length.count()
    }

    fn write(&mut self, length: usize) -> Result<Findings, Trouble> {
        if self.core.is_off() {
            return Err(Trouble::Off);
        }
        let commands = &self.backlog.make_contiguous()[..length];
        let reported: Vec<_> = commands
            .iter()
            .filter_map(|command| match &command.task {
                Task::SetAside(identity, message) => Some((*identity, message.clone())),
                _ => None,
            })
            .collect();
        let needs_file = commands.iter().any(|command| command.task.needs_file());
        for (identity, message) in reported {
            self.set_aside(identity, &message);
        }
        self.open(needs_file)?;
        let Some(database) = &self.database else {
            return Ok(Findings::default());
        };
        let commands = &self.backlog.make_contiguous()[..length];
        let durable = commands.iter().any(|command| matches!(command.task, Task::Flush(_)));
        let findings = batch::write(&database.connection, &self.core, commands, durable)?;
        if database.is_in_place(&self.core.folder) {
            write_back(&database.connection, &self.core);
            Ok(findings)
        } else {
            self.leave_moved_file();
            Err(Trouble::Missing)
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
            .lock_alone(FLUSH_PATIENCE / 10)
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

    fn done(&mut self, length: usize, findings: Findings) {
        let core = self.core.clone();
        self.waiting.unblock();
        let commands: Vec<_> = self.backlog.drain(..length).collect();
        core.queue.settle(&commands);
        self.failing &= !commands.iter().any(|command| matches!(command.task, Task::Put(_)));
        self.busy = 0;
        self.has_slack = findings.has_slack;
        if findings.damaged_records > 0 {
            core.tally
                .damaged_records
                .fetch_add(findings.damaged_records, Ordering::Relaxed);
            core.report(
                Reason::DamagedRecord,
                "a record did not agree with its checksum and was removed",
            );
        }
        if findings.too_large > 0 {
            core.tally
                .dropped_writes
                .fetch_add(findings.too_large, Ordering::Relaxed);
            core.report(
                Reason::TooLarge,
                "an entry takes more than a fifth of what the store may hold",
            );
        }
        for (id, ticket) in findings.lost_leases {
            core.leases.drop_lease(id, ticket);
        }
        self.answer(commands, &findings.decisions);
    }

    /// What to do with the first commands of the backlog when they cannot be written.
    fn meet(&mut self, trouble: Trouble, length: usize) {
        match trouble {
            Trouble::Busy => self.be_patient(),
            Trouble::Future(_) | Trouble::Foreign | Trouble::Off => self.drop_writes(&trouble),
            Trouble::ReadOnly(_) => self.give_up(&trouble, Reason::ReadOnly, length),
            trouble => {
                self.database = None;
                self.give_up(&trouble, Reason::WriteFailed, length);
            }
        }
    }

    /// Lets the backlog wait; tells those who have waited for too long.
    fn be_patient(&mut self) {
        self.busy += 1;
        let now = self.core.clock.monotonic();
        let is_blocked = self.waiting.is_blocked(now);
        for command in &mut self.backlog {
            let is_over = match &command.task {
                Task::Flush(Flush { asked, .. }) => now.saturating_sub(*asked) > FLUSH_PATIENCE,
                Task::Acquire(_) => is_blocked,
                _ => false,
            };
            if is_over {
                match std::mem::replace(&mut command.task, Task::Touch(0)) {
                    Task::Flush(Flush { answer, .. }) => answer(Some(Trouble::Busy.to_string())),
                    task => self.waiting.finish(&self.core, task, &HashMap::new()),
                }
            }
        }
    }

    /// Drops what cannot be written to a store that answers nothing either.
    fn drop_writes(&mut self, trouble: &Trouble) {
        let commands: Vec<_> = self.backlog.drain(..).collect();
        let dropped = commands.iter().filter(|command| matches!(command.task, Task::Put(_)));
        if let Some(last) = dropped.clone().next_back() {
            self.core.fail(last.sequence, &trouble.to_string());
        }
        self.core
            .tally
            .dropped_writes
            .fetch_add(dropped.count() as u64, Ordering::Relaxed);
        self.core.queue.settle(&commands);
        self.answer(commands, &HashMap::new());
    }

    /// Reports a failure. Entries are lost, and with them what they replaced; removals are tried again with the next
    /// batch.
    fn give_up(&mut self, trouble: &Trouble, reason: Reason, length: usize) {
        let core = self.core.clone();
        let message = trouble.to_string();
        if !self.failing {
            core.report(reason, message.clone());
        }
        self.failing = true;
        self.busy = 0;
        let mut finished = Vec::new();
        let mut lost = 0;
        for mut command in self.backlog.drain(..length).collect::<Vec<_>>().into_iter().rev() {
            if matches!(command.task, Task::Put(_)) {
                lost += 1;
                core.queue.give_up(&mut command);
                core.fail(command.sequence, &message);
            }
            match command.task {
                Task::Remove(_) | Task::Clear(_) | Task::Count(..) if self.backlog.len() < KEPT => {
                    self.backlog.push_front(command);
                }
                _ => finished.push(command),
            }
        }
        let tally = if reason == Reason::ReadOnly {
            &core.tally.dropped_writes
        } else {
            &core.tally.failed_writes
        };
        tally.fetch_add(lost, Ordering::Relaxed);
        core.queue.settle(&finished);
        self.answer(finished, &HashMap::new());
    }

    fn abandon_backlog(&mut self) {
        let commands: Vec<_> = self.backlog.drain(..).collect();
        if let Some(last) = commands.last() {
            self.core
                .fail(last.sequence, "the store was closed before this could be written");
        }
        self.core.queue.settle(&commands);
        self.busy = 0;
        self.answer(commands, &HashMap::new());
    }

    /// Tells those who wait for commands that are over.
    fn answer(&mut self, commands: Vec<Command>, decisions: &HashMap<i64, Decision>) {
        for command in commands {
            match command.task {
                Task::Flush(Flush { since, answer, .. }) => answer(self.core.failure_since(since)),
                task => self.waiting.finish(&self.core, task, decisions),
            }
        }
    }

    /// Writes the log back, while the file is the one at the path.
    fn close(&mut self) {
        while self.has_slack {
            self.give_back();
        }
        if let Some(database) = self.database.take()
            && database.is_in_place(&self.core.folder)
        {
            checkpoint(&database.connection);
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
