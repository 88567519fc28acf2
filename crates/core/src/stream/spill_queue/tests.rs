#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use proptest::prelude::*;

use super::*;

const BOUNDS: Bounds = Bounds { items: 8, bytes: 800 };

#[test]
fn an_offer_says_which_bound_refused_it() {
    let mut queue = SpillQueue::new(Bounds { items: 3, bytes: 100 });
    assert_eq!(queue.offer(60), Offer::Taken);
    assert_eq!(queue.offer(60), Offer::TooManyBytes);
    assert_eq!(queue.offer(20), Offer::Taken);
    assert_eq!(queue.offer(20), Offer::Taken);
    assert_eq!(queue.offer(0), Offer::TooManyItems);
    assert_eq!(queue.summary().refusals, 2);
}

#[test]
fn an_item_larger_than_the_bound_passes_alone() {
    let mut queue = SpillQueue::new(Bounds { items: 3, bytes: 100 });
    assert_eq!(queue.offer(1_000), Offer::Taken);
    assert_eq!(queue.offer(1), Offer::TooManyBytes);
    queue.complete(1, Duration::ZERO);
    assert_eq!(queue.offer(1), Offer::Taken);
}

#[test]
fn the_smallest_bounds_pass_each_item_on_at_once() {
    let mut queue = SpillQueue::new(Bounds { items: 1, bytes: 1 });
    assert_eq!(queue.place(50), Placement::Front);
    assert_eq!(queue.place(50), Placement::ChunkFull);
    queue.spill(1, b"item").unwrap();
    assert_eq!(queue.place(50), Placement::ChunkFull);
    assert_eq!(queue.summary().buffered, 3);
}

#[test]
fn what_could_not_be_written_is_still_in_the_chunk() {
    let mut queue = SpillQueue::new(BOUNDS);
    while queue.place(100) != Placement::ChunkFull {}
    let before = queue.summary();
    let items = queue.chunk_items;
    queue.keep(items);
    assert_eq!(queue.summary(), before);
    assert_eq!(queue.chunk_items, 0);
}

#[test]
fn clear_forgets_everything_wherever_it_waits() {
    let mut queue = SpillQueue::new(BOUNDS);
    for _ in 0..20 {
        if queue.place(100) == Placement::ChunkFull {
            queue.spill(1, b"item").unwrap();
        }
    }
    queue.clear();
    assert_eq!(queue.summary(), Summary::default());
    assert!(queue.record().is_none());
    assert_eq!(queue.place(100), Placement::Front);
}

/// What the caller holds: the same moves with the items themselves.
#[derive(Default)]
struct Caller {
    front: VecDeque<u32>,
    behind: VecDeque<Segment>,
    chunk: Vec<u32>,
}

enum Segment {
    Kept(Vec<u32>),
    OnDisk,
}

#[derive(Debug, Clone)]
enum Step {
    Add { size: u64, spillable: bool },
    Process { count: usize },
    Fail { count: usize },
    Clear,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0_u64..400, prop::bool::weighted(0.8)).prop_map(|(size, spillable)| Step::Add { size, spillable }),
        3 => (1_usize..6).prop_map(|count| Step::Process { count }),
        1 => (1_usize..6).prop_map(|count| Step::Fail { count }),
        1 => Just(Step::Clear),
    ]
}

impl Caller {
    fn add(&mut self, queue: &mut SpillQueue, item: u32, size: u64, spillable: bool) {
        match queue.place(size) {
            Placement::Front => self.front.push_back(item),
            Placement::Chunk => self.chunk.push(item),
            Placement::ChunkFull => {
                self.chunk.push(item);
                // The newest item decides for itself; those before it go to disk.
                let last = self.chunk.len() - 1;
                let (rest, newest) = self.chunk.split_at(if spillable { last + 1 } else { last });
                if !rest.is_empty() {
                    let payload: Vec<u8> = rest.iter().flat_map(|item| item.to_le_bytes()).collect();
                    queue.spill(rest.len(), &payload).unwrap();
                    self.behind.push_back(Segment::OnDisk);
                }
                if !newest.is_empty() {
                    queue.keep(newest.len());
                    self.behind.push_back(Segment::Kept(newest.to_vec()));
                }
                self.chunk.clear();
            }
        }
    }

    fn fill(&mut self, queue: &mut SpillQueue, count: usize) {
        while self.front.len() < count {
            match self.behind.pop_front() {
                Some(Segment::Kept(items)) => {
                    queue.advance(items.len());
                    self.front.extend(items);
                }
                Some(Segment::OnDisk) => {
                    let payload = queue.record().unwrap().read().unwrap();
                    queue.accept();
                    self.front.extend(
                        payload
                            .chunks_exact(4)
                            .map(|item| u32::from_le_bytes(item.try_into().unwrap())),
                    );
                }
                None if self.chunk.is_empty() => return,
                None => {
                    queue.advance(self.chunk.len());
                    self.front.extend(self.chunk.drain(..));
                }
            }
        }
    }
}

#[test]
fn a_large_item_alone_in_front_leaves_the_chunk_less_room() {
    let mut queue = SpillQueue::new(Bounds { items: 8, bytes: 100 });
    assert_eq!(queue.place(77), Placement::Front);
    assert_eq!(queue.place(24), Placement::ChunkFull);
}

proptest! {
    #[test]
    fn every_item_leaves_once_and_in_order(
        items in 1_u64..12, bytes in 1_u64..2_000, steps in prop::collection::vec(step(), 1..150)
    ) {
        let mut queue = SpillQueue::new(Bounds { items, bytes });
        let (mut caller, mut model, mut next) = (Caller::default(), VecDeque::new(), 0);
        let (mut processed, mut failures) = (0, 0);
        for step in steps {
            match step {
                Step::Add { size, spillable } => {
                    caller.add(&mut queue, next, size, spillable);
                    model.push_back(next);
                    next += 1;
                }
                Step::Process { count } | Step::Fail { count } => {
                    caller.fill(&mut queue, count);
                    let expected: Vec<u32> = model.iter().take(count).copied().collect();
                    let batch: Vec<u32> = caller.front.iter().take(count).copied().collect();
                    prop_assert_eq!(&batch, &expected);
                    if matches!(step, Step::Fail { .. }) {
                        queue.fail();
                        failures += 1;
                    } else {
                        queue.complete(batch.len() as u64, Duration::ZERO);
                        caller.front.drain(..batch.len());
                        model.drain(..batch.len());
                        processed += batch.len() as u64;
                    }
                }
                Step::Clear => {
                    queue.clear();
                    caller = Caller::default();
                    model.clear();
                    (processed, failures) = (0, 0);
                }
            }
            let summary = queue.summary();
            prop_assert_eq!(summary.buffered, model.len() as u64);
            prop_assert_eq!((summary.processed, summary.failures), (processed, failures));
            if model.is_empty() {
                prop_assert_eq!(summary.bytes, 0);
            }
        }
    }

    #[test]
    fn memory_stays_within_the_bounds_while_everything_can_go_to_disk(
        items in 1_u64..40, bytes in 100_u64..4_000, sizes in prop::collection::vec(0_u64..100, 1..300)
    ) {
        let mut queue = SpillQueue::new(Bounds { items, bytes });
        for size in sizes {
            if queue.place(size) == Placement::ChunkFull {
                queue.spill(queue.chunk_items, b"chunk").unwrap();
            }
            let in_memory = queue.front.len() + queue.behind.len() as u64;
            prop_assert!(queue.summary().bytes <= bytes, "{} bytes", queue.summary().bytes);
            prop_assert!(in_memory <= items, "{in_memory} items");
        }
    }
}
