//! The thread that does all writing of a process.
//!
//! It takes what waits, writes it in batches of one transaction each, and tells those who wait for it. It never holds
//! anything that a caller would have to wait for while it waits itself. A batch counts as written only if the file is
//! still the one at the store's path after the commit; otherwise it is written again to the one that is.

use std::{
    collections::{HashMap, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use super::{
    batch::Findings,
    claim::Claim,
    command::{Command, Flush, Task},
    core::Core,
    events::Reason,
    lease::Decision,
    site::Site,
    trouble::Trouble,
    waiting::Waiting,
};

/// Between two attempts to write what others keep from being written.
const RETRY: Duration = Duration::from_millis(20);

/// After this time a flush answers that it cannot be done.
const FLUSH_PATIENCE: Duration = Duration::from_secs(30);

/// After this time it is reported that somebody else keeps the store locked.
const BUSY_LONG: Duration = Duration::from_secs(5);

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
    site: Site,
    backlog: VecDeque<Command>,
    failing: bool,
    busy: u32,
    busy_since: Duration,
    panics: u32,
    waiting: Waiting,
}

impl Writer {
    pub(super) fn new(core: Arc<Core>, claim: Option<Claim>) -> Self {
        Self {
            site: Site::new(core.clone()),
            core,
            claim,
            backlog: VecDeque::new(),
            failing: false,
            busy: 0,
            busy_since: Duration::ZERO,
            panics: 0,
            waiting: Waiting::default(),
        }
    }

    /// Works until nobody holds the store and nothing waits. `retire` is asked then, and may say that somebody has
    /// come; it is given the claim to drop where nobody can come in between.
    pub(super) fn run(mut self, mut retire: impl FnMut(&mut Option<Claim>) -> bool) {
        self.guarded(|writer| {
            if let Err(trouble) = writer.site.look() {
                writer.meet(&trouble, 0);
            }
        });
        loop {
            let commands = self.core.queue.take(self.timeout());
            let is_last = commands.is_none();
            self.backlog.extend(commands.unwrap_or_default());
            self.guarded(Self::work);
            self.guarded(Self::attend);
            if is_last && (self.busy == 0 || self.busy > LAST_ATTEMPTS) {
                self.abandon_backlog();
                self.guarded(|writer| writer.site.close());
                if retire(&mut self.claim) {
                    break;
                }
            }
        }
        self.core.end();
    }

    /// How long to wait for commands: what others keep from being written is tried again soon.
    fn timeout(&self) -> Option<Duration> {
        if self.site.has_slack() {
            Some(Duration::ZERO)
        } else if self.busy > 0 {
            Some(RETRY)
        } else {
            self.waiting.timeout(&self.core)
        }
    }

    /// Looks after leases.
    fn attend(&mut self) {
        self.waiting.attend(&self.core, self.site.connection());
    }

    fn guarded(&mut self, work: fn(&mut Self)) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| work(self))) {
            let message = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("unknown");
            self.panics += 1;
            self.site.forget();
            self.core
                .report(Reason::Internal, format!("the writer failed: {message}"));
            if self.panics >= PANICS {
                self.core.turn_off();
            }
            self.abandon_backlog();
        }
    }

    fn work(&mut self) {
        let mut files = 0;
        if self.backlog.is_empty() && self.site.has_slack() {
            self.site.give_back();
        }
        while !self.backlog.is_empty() {
            let length = self.next_batch();
            match self.site.write(&self.backlog.make_contiguous()[..length]) {
                Ok(findings) => {
                    self.done(length, findings);
                    files = 0;
                }
                Err(Trouble::Missing) if files < FILES => files += 1,
                Err(Trouble::Damaged(message)) if files < FILES => {
                    files += 1;
                    self.site.set_current_aside(&message);
                }
                // Behind what cannot be written now there may be somebody who waits.
                Err(trouble) if self.meet(&trouble, length) => {}
                Err(_) => return,
            }
        }
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

    fn done(&mut self, length: usize, findings: Findings) {
        let core = self.core.clone();
        self.waiting.unblock();
        let commands: Vec<_> = self.backlog.drain(..length).collect();
        core.queue.settle(&commands);
        self.failing &= !commands.iter().any(|command| matches!(command.task, Task::Put(_)));
        self.busy = 0;
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

    /// What to do with the first commands of the backlog when they cannot be written; true if there is something else to
    /// try at once.
    fn meet(&mut self, trouble: &Trouble, length: usize) -> bool {
        match trouble {
            Trouble::Busy => {
                self.be_patient();
                false
            }
            Trouble::Future(_) | Trouble::Foreign | Trouble::Off => {
                self.drop_writes(trouble);
                false
            }
            Trouble::ReadOnly(_) => self.give_up(trouble, Reason::ReadOnly, length),
            trouble => {
                self.site.forget();
                self.give_up(trouble, Reason::WriteFailed, length)
            }
        }
    }

    /// Lets the backlog wait; tells those who have waited for too long.
    fn be_patient(&mut self) {
        let now = self.core.clock.monotonic();
        if self.busy == 0 {
            self.busy_since = now;
        }
        self.busy = self.busy.saturating_add(1);
        if now.saturating_sub(self.busy_since) > BUSY_LONG {
            // Once for each time that it becomes so.
            self.busy_since = Duration::MAX;
            self.core.report(
                Reason::Busy,
                format!("{}; what was written waits in memory", Trouble::Busy),
            );
        }
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
        let dropped = commands.iter().filter(|command| command.task.stores());
        if let Some(last) = commands.iter().rfind(|command| command.task.is_awaited()) {
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
    /// batch, before it. False if all were removals already.
    fn give_up(&mut self, trouble: &Trouble, reason: Reason, length: usize) -> bool {
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
            if command.task.is_awaited() {
                core.fail(command.sequence, &message);
            }
            if command.task.stores() {
                lost += 1;
                core.queue.give_up(&mut command);
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
        let is_less = lost > 0 || !finished.is_empty();
        self.answer(finished, &HashMap::new());
        is_less
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
}
