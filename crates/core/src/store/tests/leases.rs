//! Leases among threads of a process and among processes, which cores of their own play here. Time moves when a test
//! says so; the writers look at it every few milliseconds.

use std::{
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, RecvTimeoutError, TryRecvError, sync_channel},
    },
    time::Duration,
};
use tempfile::TempDir;

use super::{NOW, ROOMY, entry, flush, units};
use crate::{
    clock::{Clock, UnixMillis},
    store::{LeaseOutcome, Namespace, Store},
};

/// The wall clock and the monotonic one, both moved by hand.
struct Hands(Mutex<(f64, Duration)>);

impl Hands {
    fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new((NOW.0, Duration::ZERO))))
    }

    fn advance(&self, seconds: u64) {
        let mut hands = self.0.lock().unwrap();
        hands.0 += seconds as f64 * 1e3;
        hands.1 += Duration::from_secs(seconds);
    }

    /// As when somebody sets the wall clock.
    fn set_wall(&self, milliseconds: f64) {
        self.0.lock().unwrap().0 = milliseconds;
    }
}

impl Clock for Hands {
    fn wall(&self) -> UnixMillis {
        UnixMillis(self.0.lock().unwrap().0)
    }

    fn monotonic(&self) -> Duration {
        self.0.lock().unwrap().1
    }
}

const LONG: Duration = Duration::from_mins(10);

/// A process with a clock of its own or that of others.
fn process(folder: &TempDir, clock: &Arc<Hands>) -> Store {
    Store::open_alone(folder.path(), ROOMY, clock.clone())
}

/// Another thread of the same process.
fn thread_of(store: &Store) -> Store {
    store.core.queue.hold();
    Store::with_core(store.core.clone())
}

fn n() -> Namespace {
    Namespace::new("n")
}

fn ask(store: &Store, key: &str, max_wait: Duration) -> Receiver<LeaseOutcome> {
    let (sender, receiver) = sync_channel(1);
    store.acquire(
        &n(),
        &units(key),
        max_wait,
        Box::new(move |outcome| sender.send(outcome).unwrap_or_default()),
    );
    receiver
}

/// The answer to somebody who asked, which comes long before this time in all but a test that fails.
fn answer(receiver: &Receiver<LeaseOutcome>) -> LeaseOutcome {
    receiver.recv_timeout(Duration::from_mins(1)).unwrap()
}

fn acquire(store: &Store, key: &str) -> LeaseOutcome {
    answer(&ask(store, key, LONG))
}

/// Which of those who wait is granted the lease before the others.
fn first_granted(receivers: &[Receiver<LeaseOutcome>]) -> usize {
    let tries = (0..60_000).flat_map(|_| receivers.iter().enumerate());
    for (number, receiver) in tries {
        if let Ok(outcome) = receiver.recv_timeout(Duration::from_millis(1)) {
            assert_eq!(outcome, LeaseOutcome::Granted);
            return number;
        }
    }
    panic!("nobody is granted the lease");
}

fn try_acquire(store: &Store, keys: &[&str]) -> Vec<LeaseOutcome> {
    let (sender, receiver) = sync_channel(1);
    let keys: Vec<Vec<u16>> = keys.iter().map(|key| units(key)).collect();
    let keys = keys.iter().map(Vec::as_slice);
    store.try_acquire(&n(), keys, Box::new(move |outcomes| sender.send(outcomes).unwrap()));
    receiver.recv().unwrap()
}

fn give_back(store: &Store, key: &str) {
    store.give_back(&n(), &units(key), None);
}

/// Lets the writer of a store see everything that was asked and renew what is due.
fn settle(store: &Store) {
    for _ in 0..3 {
        assert_eq!(flush(store), None);
    }
}

fn is_waiting(receiver: &Receiver<LeaseOutcome>) -> bool {
    receiver.try_recv() == Err(TryRecvError::Empty)
}

#[test]
fn one_at_a_time_has_a_lease_among_threads_and_processes() {
    let (folder, clock) = (TempDir::new().unwrap(), Hands::new());
    let (one, other) = (process(&folder, &clock), process(&folder, &clock));
    let thread = thread_of(&one);
    assert_eq!(acquire(&one, "k"), LeaseOutcome::Granted);
    let waiting = [ask(&thread, "k", LONG), ask(&other, "k", LONG), ask(&one, "k", LONG)];
    settle(&one);
    settle(&other);
    assert!(waiting.iter().all(is_waiting));
    assert_eq!(acquire(&other, "another key"), LeaseOutcome::Granted);
    // Handed on one by one, whoever is first.
    give_back(&one, "k");
    let mut waiting = waiting.map(Some);
    for _ in 0..3 {
        let (index, store) = loop {
            let granted = waiting.iter().position(|receiver| {
                receiver
                    .as_ref()
                    .is_some_and(|receiver| match receiver.recv_timeout(Duration::from_millis(1)) {
                        Ok(outcome) => outcome == LeaseOutcome::Granted,
                        Err(_) => false,
                    })
            });
            if let Some(index) = granted {
                break (index, [&thread, &other, &one][index]);
            }
        };
        waiting[index] = None;
        settle(&one);
        settle(&other);
        assert!(waiting.iter().flatten().all(is_waiting));
        give_back(store, "k");
    }
}

#[test]
fn everybody_who_waits_learns_that_the_value_is_stored() {
    let (folder, clock) = (TempDir::new().unwrap(), Hands::new());
    let (one, other) = (process(&folder, &clock), process(&folder, &clock));
    let thread = thread_of(&one);
    assert_eq!(acquire(&one, "k"), LeaseOutcome::Granted);
    let waiting = [
        ask(&thread, "k", LONG),
        ask(&thread, "k", LONG),
        ask(&other, "k", LONG),
        ask(&other, "k", LONG),
    ];
    settle(&one);
    settle(&other);
    one.put(&n(), &units("k"), entry("answer", NOW, UnixMillis::NEVER));
    give_back(&one, "k");
    for receiver in waiting {
        assert_eq!(answer(&receiver), LeaseOutcome::Stored);
    }
    assert_eq!(acquire(&other, "k"), LeaseOutcome::Stored);
}

#[test]
fn an_entry_that_has_expired_is_not_stored() {
    let (folder, clock) = (TempDir::new().unwrap(), Hands::new());
    let store = process(&folder, &clock);
    let mut expired = entry("answer", NOW, UnixMillis::NEVER);
    expired.facts.deadline = UnixMillis(NOW.0 + 1.0);
    store.put(&n(), &units("k"), expired);
    assert_eq!(acquire(&store, "k"), LeaseOutcome::Stored);
    assert!(!store.contains(&n(), &units("k"), UnixMillis(NOW.0 + 2.0)));
    assert_eq!(acquire(&store, "k"), LeaseOutcome::Granted);
}

#[test]
fn a_failure_is_told_to_the_process_of_the_holder_and_others_try_themselves() {
    let (folder, clock) = (TempDir::new().unwrap(), Hands::new());
    let (one, other) = (process(&folder, &clock), process(&folder, &clock));
    let thread = thread_of(&one);
    assert_eq!(acquire(&one, "k"), LeaseOutcome::Granted);
    let (here, there) = (
        [ask(&thread, "k", LONG), ask(&thread, "k", LONG)],
        ask(&other, "k", LONG),
    );
    settle(&one);
    settle(&other);
    let failure: Arc<[u8]> = Arc::from(*b"no");
    one.give_back(&n(), &units("k"), Some(failure.clone()));
    for receiver in here {
        assert_eq!(answer(&receiver), LeaseOutcome::Failed(failure.clone()));
    }
    assert_eq!(answer(&there), LeaseOutcome::Granted);
}

#[test]
fn a_heartbeat_keeps_a_lease_for_as_long_as_its_holder_lives() {
    let (folder, clock) = (TempDir::new().unwrap(), Hands::new());
    let (one, other) = (process(&folder, &clock), process(&folder, &clock));
    assert_eq!(acquire(&one, "k"), LeaseOutcome::Granted);
    settle(&one);
    let waiting = ask(&other, "k", LONG);
    for _ in 0..20 {
        clock.advance(2);
        settle(&one);
        settle(&other);
        assert!(is_waiting(&waiting));
    }
    give_back(&one, "k");
    assert_eq!(answer(&waiting), LeaseOutcome::Granted);
}

#[test]
fn the_lease_of_a_process_that_died_is_handed_on() {
    let (folder, clock) = (TempDir::new().unwrap(), Hands::new());
    // Its clock, and with it its heartbeat, stands still.
    let dead = process(&folder, &Hands::new());
    assert_eq!(acquire(&dead, "k"), LeaseOutcome::Granted);
    let other = process(&folder, &clock);
    let waiting = ask(&other, "k", LONG);
    clock.advance(4);
    settle(&other);
    assert!(is_waiting(&waiting));
    clock.advance(1);
    assert_eq!(answer(&waiting), LeaseOutcome::Granted);
    // What the dead one does after all changes nothing.
    give_back(&dead, "k");
    settle(&dead);
    assert_eq!(try_acquire(&process(&folder, &clock), &["k"]), [LeaseOutcome::Held]);
}

#[test]
fn a_clock_that_jumps_back_makes_no_lease_eternal_and_takes_none_away() {
    let (folder, clock) = (TempDir::new().unwrap(), Hands::new());
    let (dead, alive) = (process(&folder, &Hands::new()), process(&folder, &clock));
    assert_eq!(acquire(&dead, "dead"), LeaseOutcome::Granted);
    assert_eq!(acquire(&alive, "alive"), LeaseOutcome::Granted);
    settle(&alive);
    clock.set_wall(NOW.0 - 1e9);
    let other = process(&folder, &clock);
    let (of_dead, of_alive) = (ask(&other, "dead", LONG), ask(&other, "alive", LONG));
    settle(&other);
    for _ in 0..4 {
        clock.advance(1);
        settle(&alive);
        settle(&other);
        assert!(is_waiting(&of_dead));
    }
    clock.advance(1);
    settle(&alive);
    assert_eq!(answer(&of_dead), LeaseOutcome::Granted);
    assert!(is_waiting(&of_alive));
}

#[test]
fn nobody_waits_for_longer_than_asked() {
    let (folder, clock) = (TempDir::new().unwrap(), Hands::new());
    let (one, other) = (process(&folder, &clock), process(&folder, &clock));
    assert_eq!(acquire(&one, "k"), LeaseOutcome::Granted);
    settle(&one);
    let (short, long) = (ask(&other, "k", Duration::from_secs(3)), ask(&other, "k", LONG));
    assert_eq!(answer(&ask(&other, "k", Duration::ZERO)), LeaseOutcome::GoWithout);
    clock.advance(3);
    settle(&one);
    assert_eq!(answer(&short), LeaseOutcome::GoWithout);
    assert!(is_waiting(&long));
}

#[test]
fn many_keys_are_asked_for_at_once_without_waiting() {
    let (folder, clock) = (TempDir::new().unwrap(), Hands::new());
    let (one, other) = (process(&folder, &clock), process(&folder, &clock));
    other.put(&n(), &units("stored"), entry("answer", NOW, UnixMillis::NEVER));
    assert_eq!(acquire(&other, "held"), LeaseOutcome::Granted);
    let outcomes = try_acquire(&one, &["free", "stored", "held", "free"]);
    assert_eq!(
        outcomes,
        [
            LeaseOutcome::Granted,
            LeaseOutcome::Stored,
            LeaseOutcome::Held,
            LeaseOutcome::Held
        ]
    );
    assert_eq!(try_acquire(&one, &[]), []);
    let keys: Vec<String> = (0..1_000).map(|index| format!("key {index}")).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    assert_eq!(try_acquire(&one, &keys), vec![LeaseOutcome::Granted; 1_000]);
}

#[test]
fn a_handle_that_closes_gives_its_leases_back_and_waits_for_nothing() {
    let (folder, clock) = (TempDir::new().unwrap(), Hands::new());
    let (one, other) = (process(&folder, &clock), process(&folder, &clock));
    let thread = thread_of(&one);
    assert_eq!(acquire(&thread, "held"), LeaseOutcome::Granted);
    assert_eq!(acquire(&one, "waited for"), LeaseOutcome::Granted);
    let waiting = ask(&thread, "waited for", LONG);
    let waiting_for_it = [ask(&one, "held", LONG), ask(&other, "held", LONG)];
    let asked_last = ask(&thread, "asked last", LONG);
    drop(thread);
    assert!(waiting.recv().is_err());
    let _ = asked_last.recv();
    // Either process may be the first to see that it is free.
    let first = first_granted(&waiting_for_it);
    give_back([&one, &other][first], "held");
    assert_eq!(answer(&waiting_for_it[1 - first]), LeaseOutcome::Granted);
    assert_eq!(acquire(&other, "asked last"), LeaseOutcome::Granted);
}

#[test]
fn a_handle_that_closes_when_it_is_next_is_granted_nothing() {
    let (folder, clock) = (TempDir::new().unwrap(), Hands::new());
    let (one, other) = (process(&folder, &clock), process(&folder, &clock));
    let thread = thread_of(&one);
    assert_eq!(acquire(&one, "k"), LeaseOutcome::Granted);
    let waiting = ask(&thread, "k", LONG);
    settle(&one);
    // Both are written at once: it is the thread's turn, and the thread has gone.
    let locker = lock(&folder);
    give_back(&one, "k");
    drop(thread);
    locker.execute_batch("ROLLBACK").unwrap();
    assert_eq!(
        waiting.recv_timeout(Duration::from_mins(1)),
        Err(RecvTimeoutError::Disconnected)
    );
    assert_eq!(acquire(&other, "k"), LeaseOutcome::Granted);
}

/// Keeps everybody from writing.
fn lock(folder: &TempDir) -> rusqlite::Connection {
    let locker = rusqlite::Connection::open(folder.path().join("store.sqlite")).unwrap();
    locker.busy_timeout(Duration::from_mins(1)).unwrap();
    locker.execute_batch("BEGIN IMMEDIATE").unwrap();
    locker
}

#[test]
fn a_process_that_locks_the_file_keeps_nobody_waiting_for_ever() {
    let (folder, clock) = (TempDir::new().unwrap(), Hands::new());
    let store = process(&folder, &clock);
    assert_eq!(acquire(&store, "k"), LeaseOutcome::Granted);
    let locker = lock(&folder);
    let waiting = ask(&store, "another", LONG);
    // Seen as locked at this time at the earliest, and then at a later one.
    while is_waiting_after(&waiting, Duration::from_millis(5)) {
        clock.advance(1);
    }
    locker.execute_batch("ROLLBACK").unwrap();
    assert_eq!(acquire(&store, "another"), LeaseOutcome::Granted);
}

/// Whether there is no answer after some real time; an answer has to be to go without.
fn is_waiting_after(receiver: &Receiver<LeaseOutcome>, patience: Duration) -> bool {
    match receiver.recv_timeout(patience) {
        Ok(outcome) => {
            assert_eq!(outcome, LeaseOutcome::GoWithout);
            false
        }
        Err(_) => true,
    }
}

#[test]
fn a_thousand_keys_are_waited_for_at_once() {
    let (folder, clock) = (TempDir::new().unwrap(), Hands::new());
    let (one, other) = (process(&folder, &clock), process(&folder, &clock));
    let keys: Vec<String> = (0..1_000).map(|index| format!("key {index}")).collect();
    let names: Vec<&str> = keys.iter().map(String::as_str).collect();
    assert_eq!(try_acquire(&one, &names), vec![LeaseOutcome::Granted; 1_000]);
    let waiting: Vec<_> = names.iter().map(|key| ask(&other, key, LONG)).collect();
    settle(&other);
    assert!(waiting.iter().all(is_waiting));
    for key in &names {
        one.put(&n(), &units(key), entry("answer", NOW, UnixMillis::NEVER));
        give_back(&one, key);
    }
    for receiver in waiting {
        assert_eq!(answer(&receiver), LeaseOutcome::Stored);
    }
}

#[test]
fn a_store_that_cannot_be_used_grants_nothing() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("store.sqlite"), b"").unwrap();
    let foreign = rusqlite::Connection::open(folder.path().join("store.sqlite")).unwrap();
    foreign
        .execute_batch("PRAGMA user_version = 7; CREATE TABLE theirs (x)")
        .unwrap();
    let store = process(&folder, &Hands::new());
    assert_eq!(acquire(&store, "k"), LeaseOutcome::GoWithout);
    assert_eq!(try_acquire(&store, &["k"]), [LeaseOutcome::GoWithout]);
}
