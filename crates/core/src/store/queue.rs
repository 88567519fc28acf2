//! What waits to be written, and what it means for those who read meanwhile.
//!
//! Commands are written in the order in which they came. Until they are, the overlay answers for them: an entry that
//! was put is found, one that was removed is not, whatever the file says. A command leaves the overlay only after its
//! transaction is committed, so a reader who looks here first and into the file after that misses nothing.

use std::{
    collections::HashMap,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use super::{
    command::{Command, Task},
    counters::Counters,
    entry::{Address, Entry},
};
use crate::cache::Xxh3BuildHasher;

/// Bytes that may wait.
const ROOM: usize = 256 << 20;

/// How long a put waits for room.
const PATIENCE: Duration = Duration::from_secs(1);

/// What the queue knows about an address.
pub(super) enum Pending {
    /// This is stored.
    Entry(Arc<(Address, Entry)>),
    /// Nothing is stored.
    Absent,
    /// The file knows.
    Unknown,
}

pub(super) struct Queue {
    state: Mutex<State>,
    work: Condvar,
    room: Condvar,
    /// Entries and marks of the overlay, so that a reader need not lock to find none.
    overlaid: AtomicUsize,
}

struct State {
    waiting: Vec<Command>,
    /// Bytes of what waits or is being written.
    bytes: usize,
    /// Commands that wait or are being written.
    commands: usize,
    sequence: u64,
    entries: HashMap<i64, Overlay, Xxh3BuildHasher>,
    cleared: HashMap<Arc<str>, u64>,
    counts: HashMap<Arc<str>, Counters>,
    /// The room was waited for in vain, and nothing has been written since.
    full: bool,
    handles: usize,
}

struct Overlay {
    sequence: u64,
    namespace: Arc<str>,
    entry: Option<Arc<(Address, Entry)>>,
}

impl Queue {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                waiting: Vec::new(),
                bytes: 0,
                commands: 0,
                sequence: 0,
                entries: HashMap::with_hasher(Xxh3BuildHasher),
                cleared: HashMap::new(),
                counts: HashMap::new(),
                full: false,
                handles: 1,
            }),
            work: Condvar::new(),
            room: Condvar::new(),
            overlaid: AtomicUsize::new(0),
        }
    }

    /// Takes an entry; false if there is no room for it.
    pub(super) fn put(&self, namespace: &Arc<str>, address: Address, entry: Entry) -> bool {
        let bytes = entry.waiting_bytes(&address);
        let id = address.id;
        let entry = Arc::new((address, entry));
        let mut state = self.state();
        if state.bytes + bytes > ROOM {
            let Some(with_room) = self.wait_for_room(state, bytes) else {
                return false;
            };
            state = with_room;
        }
        state.bytes += bytes;
        state.overlay(id, namespace, Some(entry.clone()));
        self.push(state, Task::Put(entry), bytes);
        true
    }

    /// Removes the entry with a number.
    pub(super) fn remove(&self, namespace: &Arc<str>, id: i64) {
        let mut state = self.state();
        state.overlay(id, namespace, None);
        self.push(state, Task::Remove(id), 0);
    }

    /// Removes the entry with a number, unless that is what is going to happen anyway.
    pub(super) fn remove_once(&self, namespace: &Arc<str>, id: i64) {
        let is_going = matches!(self.state().entries.get(&id), Some(Overlay { entry: None, .. }));
        if !is_going {
            self.remove(namespace, id);
        }
    }

    /// Removes all entries of a namespace.
    pub(super) fn clear(&self, namespace: &Arc<str>) {
        let mut state = self.state();
        state.entries.retain(|_, overlay| overlay.namespace != *namespace);
        let sequence = state.sequence + 1;
        state.cleared.insert(namespace.clone(), sequence);
        self.push(state, Task::Clear(namespace.clone()), 0);
    }

    /// Adds to the counters of a namespace.
    pub(super) fn count(&self, namespace: &Arc<str>, counters: Counters) {
        let mut state = self.state();
        *state.counts.entry(namespace.clone()).or_default() += counters;
        self.push(state, Task::Count(namespace.clone(), counters), 0);
    }

    /// Queues something that no reader sees before it is written; returns its place in the order.
    pub(super) fn order(&self, task: Task) -> u64 {
        let bytes = task.record_bytes();
        let mut state = self.state();
        state.bytes += bytes;
        self.push(state, task, bytes)
    }

    /// The place in the order of what was queued last.
    pub(super) fn sequence(&self) -> u64 {
        self.state().sequence
    }

    /// What is to be known about an address without the file.
    pub(super) fn look_up(&self, namespace: &Arc<str>, address: &Address) -> Pending {
        if self.overlaid.load(Ordering::Acquire) == 0 {
            return Pending::Unknown;
        }
        let state = self.state();
        match state.entries.get(&address.id) {
            Some(Overlay { entry: Some(entry), .. }) if entry.0 == *address => Pending::Entry(entry.clone()),
            Some(_) => Pending::Absent,
            None if state.cleared.contains_key(namespace) => Pending::Absent,
            None => Pending::Unknown,
        }
    }

    /// The entries of a namespace that wait, and the numbers for which the file does not count.
    pub(super) fn entries_of(&self, namespace: &Arc<str>) -> (Vec<Arc<(Address, Entry)>>, Overlaid) {
        let state = self.state();
        let entries = state
            .entries
            .values()
            .filter(|overlay| overlay.namespace == *namespace)
            .filter_map(|overlay| overlay.entry.clone())
            .collect();
        let overlaid = Overlaid {
            cleared: state.cleared.contains_key(namespace),
            ids: state.entries.keys().copied().collect(),
        };
        (entries, overlaid)
    }

    /// Counts that are not written yet.
    pub(super) fn counts_of(&self, namespace: &Arc<str>) -> Counters {
        self.state().counts.get(namespace).copied().unwrap_or_default()
    }

    /// Commands that are not written yet.
    pub(super) fn pending(&self) -> usize {
        self.state().commands
    }

    /// Waits until there is something to do or the time is up, and takes all of it. `None`: nobody holds the store any
    /// more, and nothing waits.
    pub(super) fn take(&self, timeout: Option<Duration>) -> Option<Vec<Command>> {
        let mut state = self.state();
        while state.waiting.is_empty() && state.handles > 0 {
            state = match timeout {
                None => self.work.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(timeout) => {
                    let waited = self.work.wait_timeout(state, timeout);
                    let (state, result) = waited.unwrap_or_else(PoisonError::into_inner);
                    if result.timed_out() {
                        return Some(Vec::new());
                    }
                    state
                }
            };
        }
        if state.waiting.is_empty() && state.handles == 0 {
            return None;
        }
        Some(std::mem::take(&mut state.waiting))
    }

    /// Takes note that commands are written, or given up: from now on the file answers for them.
    pub(super) fn settle(&self, commands: &[Command]) {
        let mut state = self.state();
        for Command { sequence, task, bytes } in commands {
            state.bytes -= bytes;
            state.commands -= 1;
            match task {
                Task::Put(entry) => state.uncover(entry.0.id, *sequence),
                Task::Remove(id) => state.uncover(*id, *sequence),
                Task::Clear(namespace) if state.cleared.get(namespace) == Some(sequence) => {
                    state.cleared.remove(namespace);
                }
                Task::Count(namespace, counters) => {
                    if let Some(counts) = state.counts.get_mut(namespace) {
                        *counts -= *counters;
                    }
                }
                _ => {}
            }
        }
        if state.commands == 0 {
            state.counts.clear();
        }
        state.full = false;
        self.publish(&state);
        drop(state);
        self.room.notify_all();
    }

    /// Turns a put that could not be written into the removal of what stood there before, which is wrong by now.
    pub(super) fn give_up(&self, command: &mut Command) {
        let Task::Put(entry) = &command.task else { return };
        let id = entry.0.id;
        let mut state = self.state();
        state.bytes -= command.bytes;
        command.bytes = 0;
        if let Some(overlay) = state.entries.get_mut(&id)
            && overlay.sequence == command.sequence
        {
            overlay.entry = None;
        }
        command.task = Task::Remove(id);
        state.full = false;
        drop(state);
        self.room.notify_all();
    }

    /// One more holder; true if he is the only one.
    pub(super) fn hold(&self) -> bool {
        let mut state = self.state();
        state.handles += 1;
        state.handles == 1
    }

    /// One holder less; true if it was the last.
    pub(super) fn release(&self) -> bool {
        let mut state = self.state();
        state.handles -= 1;
        let last = state.handles == 0;
        drop(state);
        self.work.notify_all();
        last
    }

    /// One holder less; true if it was the last. Otherwise a task of his is queued while another one holds the store, so
    /// that the writer is there to do it.
    pub(super) fn release_or_order(&self, task: impl FnOnce() -> Task) -> bool {
        let mut state = self.state();
        state.handles -= 1;
        let last = state.handles == 0;
        if last {
            drop(state);
            self.work.notify_all();
        } else {
            self.push(state, task(), 0);
        }
        last
    }

    /// Whether nobody holds the store and nothing waits.
    pub(super) fn is_abandoned(&self) -> bool {
        let state = self.state();
        state.handles == 0 && state.waiting.is_empty()
    }

    fn wait_for_room<'a>(&'a self, state: MutexGuard<'a, State>, bytes: usize) -> Option<MutexGuard<'a, State>> {
        // Only the first waits: a writer that is stuck must not cost every caller a second.
        if state.full || bytes > ROOM {
            return None;
        }
        let waited = self
            .room
            .wait_timeout_while(state, PATIENCE, |state| state.bytes + bytes > ROOM && !state.full);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if state.bytes + bytes <= ROOM {
            return Some(state);
        }
        state.full = true;
        None
    }

    fn push(&self, mut state: MutexGuard<'_, State>, task: Task, bytes: usize) -> u64 {
        state.sequence += 1;
        let sequence = state.sequence;
        state.commands += 1;
        // The writer sleeps only while nothing waits.
        let wake = state.waiting.is_empty();
        state.waiting.push(Command { sequence, task, bytes });
        self.publish(&state);
        drop(state);
        if wake {
            self.work.notify_one();
        }
        sequence
    }

    fn publish(&self, state: &State) {
        self.overlaid
            .store(state.entries.len() + state.cleared.len(), Ordering::Release);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// What the next command says about an entry.
    fn overlay(&mut self, id: i64, namespace: &Arc<str>, entry: Option<Arc<(Address, Entry)>>) {
        let overlay = Overlay {
            sequence: self.sequence + 1,
            namespace: namespace.clone(),
            entry,
        };
        self.entries.insert(id, overlay);
    }

    fn uncover(&mut self, id: i64, sequence: u64) {
        if self
            .entries
            .get(&id)
            .is_some_and(|overlay| overlay.sequence == sequence)
        {
            self.entries.remove(&id);
        }
    }
}

/// For which entries of a namespace the file does not count at the moment.
pub(super) struct Overlaid {
    cleared: bool,
    ids: std::collections::HashSet<i64>,
}

impl Overlaid {
    pub(super) fn covers(&self, id: i64) -> bool {
        self.cleared || self.ids.contains(&id)
    }
}
