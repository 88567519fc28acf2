use super::{Failure, Run, Stop, Worker};
use std::{
    cell::Cell,
    sync::{
        Arc, Barrier,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};

fn start(worker: Worker) {
    thread::spawn(|| worker.work());
}

/// What the run answers once at most so many chunks are unfinished.
fn wait(run: &Run, unfinished: usize) -> Result<(), Failure> {
    let (sender, receiver) = mpsc::channel();
    run.until(unfinished, move |outcome| sender.send(outcome).unwrap());
    receiver.recv().unwrap()
}

#[test]
fn scores_are_in_the_order_of_the_chunks() {
    let run = Run::new(3);
    let mut expected = Vec::new();
    for chunk in 0..200_u32 {
        let scores = vec![f64::from(chunk); chunk as usize % 7];
        expected.extend_from_slice(&scores);
        run.submit(scores.len(), move |_| scores, start).unwrap();
    }
    assert_eq!(wait(&run, 0), Ok(()));
    assert_eq!(run.take(), expected);
}

#[test]
fn uses_all_threads_it_may_and_no_more() {
    let run = Run::new(3);
    let started = Cell::new(0);
    // No chunk ends before three of them have begun.
    let meeting = Arc::new(Barrier::new(3));
    let at_work = Arc::new(AtomicUsize::new(0));
    for _ in 0..30 {
        let (meeting, at_work) = (meeting.clone(), at_work.clone());
        let work = move |_: &Stop| {
            assert!(at_work.fetch_add(1, Ordering::SeqCst) < 3);
            meeting.wait();
            at_work.fetch_sub(1, Ordering::SeqCst);
            vec![]
        };
        run.submit(0, work, |worker| {
            started.set(started.get() + 1);
            start(worker);
        })
        .unwrap();
    }
    assert_eq!(wait(&run, 0), Ok(()));
    assert!(started.get() >= 3);
}

#[test]
fn a_thread_ends_when_nothing_waits_and_another_is_asked_for_later() {
    let run = Run::new(1);
    for expected in 1..4 {
        let mut worker = None;
        assert_eq!(run.submit(1, |_| vec![1.0], |asked| worker = Some(asked)), Ok(1));
        run.submit(1, |_| vec![1.0], |_| panic!("one thread is enough"))
            .unwrap();
        worker.unwrap().work();
        assert_eq!(run.0.lock().scores, vec![1.0; 2 * expected]);
        assert_eq!(run.0.lock().working, 0);
    }
}

#[test]
fn answers_when_few_enough_are_unfinished() {
    let run = Run::new(1);
    let mut workers = Vec::new();
    for _ in 0..3 {
        run.submit(0, |_| vec![], |worker| workers.push(worker)).unwrap();
    }
    let (sender, receiver) = mpsc::channel();
    run.until(2, move |outcome| sender.send(outcome).unwrap());
    assert!(receiver.try_recv().is_err());
    for worker in workers {
        worker.work();
    }
    assert_eq!(receiver.try_recv(), Ok(Ok(())));
    assert_eq!(wait(&run, 2), Ok(()));
}

#[test]
fn a_panic_fails_the_run_and_nothing_else_begins() {
    let run = Run::new(1);
    let mut workers = Vec::new();
    run.submit(1, |_| panic!("no score for {}", 7), |worker| workers.push(worker))
        .unwrap();
    run.submit(1, |_| unreachable!("the run has failed"), |_| {}).unwrap();
    workers.remove(0).work();
    assert_eq!(wait(&run, 0), Err(Failure::Panicked("no score for 7".into())));
    let refused = run.submit(1, |_| vec![1.0], |_| panic!("no thread"));
    assert_eq!(refused, Err(Failure::Panicked("no score for 7".into())));
}

#[test]
fn stopping_answers_at_once_and_tells_the_threads() {
    let run = Run::new(1);
    let (begun, has_begun) = mpsc::channel();
    let (ended, has_ended) = mpsc::channel();
    let work = move |stop: &Stop| {
        begun.send(()).unwrap();
        while !stop.is_set() {
            thread::yield_now();
        }
        ended.send(()).unwrap();
        vec![]
    };
    run.submit(5, work, start).unwrap();
    run.submit(5, |_| unreachable!("the run is stopped"), start).unwrap();
    has_begun.recv().unwrap();
    let (sender, receiver) = mpsc::channel();
    run.until(0, move |outcome| sender.send(outcome).unwrap());
    run.stop();
    assert_eq!(receiver.recv(), Ok(Err(Failure::Stopped)));
    has_ended.recv().unwrap();
}

#[test]
fn a_run_that_is_dropped_stops() {
    let run = Run::new(1);
    let shared = run.0.clone();
    run.submit(1, |_| vec![1.0], |_| {}).unwrap();
    drop(run);
    assert!(shared.stop.is_set());
    assert!(shared.lock().waiting.is_empty());
}
