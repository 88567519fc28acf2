//! The thread that brings a journal from the system's memory to the disk.
//!
//! Invariant: a write is on the disk, or reported as not, a tenth of a second after the first one that was not, or when a
//! hundred wait, or when somebody asks. Whoever writes never waits for it. The thread holds the file, and with it the
//! lock, until it was told to end.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use crate::clock::Clock;

/// The longest that a write waits for the disk.
const LONGEST_WAIT: Duration = Duration::from_millis(100);
/// The most writes that wait for it.
const MOST_WAITING: u64 = 100;

/// Told once, with what went wrong, if anything did.
pub type Answer = Box<dyn FnOnce(Option<String>) + Send>;

#[derive(Default)]
struct State {
    waiting: u64,
    /// When the first of those was written.
    since: Duration,
    answers: Vec<Answer>,
    trouble: Option<String>,
    has_ended: bool,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    clock: Arc<dyn Clock>,
    path: PathBuf,
}

/// The writer's end of the thread. Dropped, it lets the thread end by itself.
pub(super) struct Sync(Arc<Shared>);

impl Sync {
    /// Starts the thread for a file; of one that `is_new` the name has to come to the disk too.
    pub(super) fn start(file: Arc<File>, path: PathBuf, is_new: bool, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed: Condvar::new(),
            clock,
            path,
        });
        let worker = Worker {
            file,
            names_file: is_new,
            shared: shared.clone(),
        };
        let named = thread::Builder::new().name("journal".to_owned());
        named.spawn(move || worker.run())?;
        Ok(Self(shared))
    }

    /// Something was written.
    pub(super) fn written(&self) {
        let mut state = self.0.lock();
        state.waiting += 1;
        if state.waiting == 1 {
            state.since = self.0.clock.monotonic();
        }
        if state.waiting == 1 || state.waiting == MOST_WAITING {
            self.0.changed.notify_one();
        }
    }

    /// What went wrong.
    pub(super) fn trouble(&self) -> Option<String> {
        self.0.lock().trouble.clone()
    }

    /// Notes what went wrong elsewhere; the first counts.
    pub(super) fn fail(&self, trouble: String) {
        self.0.lock().trouble.get_or_insert(trouble);
    }

    /// Answers when everything written before is on the disk.
    pub(super) fn flush(&self, answer: Answer) {
        self.0.lock().answers.push(answer);
        self.0.changed.notify_one();
    }

    /// The same, and that the file is closed. The writer's own hold on it has to be gone before.
    pub(super) fn end(self, answer: Answer) {
        let mut state = self.0.lock();
        state.answers.push(answer);
        // At once, lest the thread answer in between and keep the file.
        state.has_ended = true;
    }
}

impl Drop for Sync {
    fn drop(&mut self) {
        self.0.lock().has_ended = true;
        self.0.changed.notify_one();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to be done next: the number of writes, who asked, whether that is all.
    fn next(&self) -> (u64, Vec<Answer>, bool) {
        let is_idle = |state: &mut State| state.waiting == 0 && state.answers.is_empty() && !state.has_ended;
        let waited = self.changed.wait_while(self.lock(), is_idle);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        while state.waiting < MOST_WAITING && state.answers.is_empty() && !state.has_ended {
            let age = self.clock.monotonic().saturating_sub(state.since);
            let Some(left) = LONGEST_WAIT.checked_sub(age).filter(|left| !left.is_zero()) else {
                break;
            };
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let waiting = std::mem::take(&mut state.waiting);
        (waiting, std::mem::take(&mut state.answers), state.has_ended)
    }
}

struct Worker {
    file: Arc<File>,
    names_file: bool,
    shared: Arc<Shared>,
}

impl Worker {
    fn run(mut self) {
        loop {
            let (waiting, answers, has_ended) = self.shared.next();
            if (waiting > 0 || self.names_file)
                && let Err(error) = self.sync()
            {
                let path = self.shared.path.display();
                let trouble = format!("Cannot bring the journal {path} to the disk: {error}");
                self.shared.lock().trouble.get_or_insert(trouble);
            }
            let trouble = self.shared.lock().trouble.clone();
            if has_ended {
                drop(self.file);
                return tell(answers, trouble.as_ref());
            }
            tell(answers, trouble.as_ref());
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()?;
        if !is_in_place(&self.file, &self.shared.path) {
            return Err(io::Error::other("it was moved or deleted"));
        }
        if self.names_file {
            self.names_file = false;
            sync_folder(&self.shared.path);
        }
        Ok(())
    }
}

/// Whether the file is the one at its path still: nobody will find what is written to another.
#[cfg(unix)]
fn is_in_place(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), fs::metadata(path)) {
        (Ok(ours), Ok(there)) => (ours.dev(), ours.ino()) == (there.dev(), there.ino()),
        (_, Err(error)) => error.kind() != io::ErrorKind::NotFound,
        (Err(_), _) => true,
    }
}

/// A file that is open cannot be taken away.
#[cfg(not(unix))]
fn is_in_place(_: &File, _: &Path) -> bool {
    true
}

fn tell(answers: Vec<Answer>, trouble: Option<&String>) {
    for answer in answers {
        answer(trouble.cloned());
    }
}

/// As well as can be: some file systems do not do that, and a folder that may not be read cannot be opened.
fn sync_folder(path: &Path) {
    if let Some(Ok(folder)) = path.parent().map(File::open) {
        let _ = folder.sync_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::UnixMillis;
    use std::sync::{
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    };

    #[derive(Default)]
    struct Milliseconds {
        now: AtomicU64,
        /// Told of each look at the clock.
        asked: Mutex<Option<mpsc::Sender<()>>>,
    }

    impl Clock for Milliseconds {
        fn wall(&self) -> UnixMillis {
            UnixMillis(0.0)
        }

        fn monotonic(&self) -> Duration {
            if let Some(asked) = &*self.asked.lock().unwrap() {
                let _ = asked.send(());
            }
            Duration::from_millis(self.now.load(Ordering::Relaxed))
        }
    }

    /// Without a thread.
    fn idle() -> (Sync, Arc<Milliseconds>) {
        let clock = Arc::new(Milliseconds::default());
        let shared = Shared {
            state: Mutex::default(),
            changed: Condvar::new(),
            clock: clock.clone(),
            path: PathBuf::new(),
        };
        (Sync(Arc::new(shared)), clock)
    }

    #[test]
    fn a_hundred_writes_wait_for_no_time_and_one_for_a_tenth_of_a_second() {
        let (sync, clock) = idle();
        (0..100).for_each(|_| sync.written());
        assert_eq!(sync.0.next().0, 100);
        clock.now.store(1_000, Ordering::Relaxed);
        sync.written();
        clock.now.store(1_100, Ordering::Relaxed);
        assert_eq!(sync.0.next().0, 1);
    }

    #[test]
    fn fewer_writes_wait_until_somebody_asks() {
        let (sync, clock) = idle();
        (0..99).for_each(|_| sync.written());
        let (sender, asked) = mpsc::channel();
        *clock.asked.lock().unwrap() = Some(sender);
        let shared = sync.0.clone();
        let taker = thread::spawn(move || shared.next());
        // The clock stands still: however often it is looked at, it is not time.
        for _ in 0..3 {
            asked.recv().unwrap();
        }
        sync.flush(Box::new(|_| {}));
        let (written, answers, _) = taker.join().unwrap();
        assert_eq!((written, answers.len()), (99, 1));
    }

    #[test]
    fn a_failure_stays_and_is_answered_to_whoever_asks() {
        let file = Arc::new(tempfile::tempfile().unwrap());
        let sync = Sync::start(file, PathBuf::new(), false, Arc::new(Milliseconds::default())).unwrap();
        sync.fail("first".to_owned());
        sync.fail("second".to_owned());
        let (sender, receiver) = mpsc::channel();
        sync.flush(Box::new(move |failure| sender.send(failure).unwrap()));
        assert_eq!(receiver.recv().unwrap().as_deref(), Some("first"));
        assert_eq!(sync.trouble().as_deref(), Some("first"));
    }

    /// A pipe has nothing to bring to a disk, and says so.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_failed_sync_is_the_trouble() {
        let (_reader, writer) = io::pipe().unwrap();
        let file = Arc::new(File::from(std::os::fd::OwnedFd::from(writer)));
        let sync = Sync::start(file, "the/path".into(), false, Arc::new(Milliseconds::default())).unwrap();
        sync.written();
        let (sender, receiver) = mpsc::channel();
        sync.flush(Box::new(move |failure| sender.send(failure).unwrap()));
        let failure = receiver.recv().unwrap().unwrap();
        assert!(
            failure.starts_with("Cannot bring the journal the/path to the disk"),
            "{failure}"
        );
        assert_eq!(sync.trouble(), Some(failure));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_is_gone_or_another_is_the_trouble() {
        let folder = tempfile::tempdir().unwrap();
        for replace in [false, true] {
            let path = folder.path().join("journal");
            let file = Arc::new(File::create(&path).unwrap());
            let sync = Sync::start(file, path.clone(), false, Arc::new(Milliseconds::default())).unwrap();
            fs::remove_file(&path).unwrap();
            if replace {
                fs::write(&path, "another").unwrap();
            }
            sync.written();
            let (sender, receiver) = mpsc::channel();
            sync.flush(Box::new(move |failure| sender.send(failure).unwrap()));
            let failure = receiver.recv().unwrap().unwrap();
            assert!(failure.ends_with("it was moved or deleted"), "{failure}");
        }
    }

    #[test]
    fn the_end_is_answered_when_the_file_is_closed() {
        for _ in 0..200 {
            let file = Arc::new(tempfile::tempfile().unwrap());
            let held = Arc::downgrade(&file);
            let sync = Sync::start(file, PathBuf::new(), false, Arc::new(Milliseconds::default())).unwrap();
            let is_closed = Arc::new(AtomicBool::new(false));
            let seen = is_closed.clone();
            let (sender, receiver) = mpsc::channel();
            sync.end(Box::new(move |_| {
                seen.store(held.upgrade().is_none(), Ordering::Relaxed);
                sender.send(()).unwrap();
            }));
            receiver.recv().unwrap();
            assert!(is_closed.load(Ordering::Relaxed));
        }
    }
}
