//! Where each item of a stream waits.
//!
//! Invariants: items leave in the order they came, and every item taken is in exactly one place until its batch
//! completes. Memory holds at most the [`Bounds`], with these exceptions: one item larger than the byte bound (else it
//! could never pass), the batch in flight with the chunk it was read from, and items that could not go to disk.
//!
//! The caller holds the items and mirrors the moves: [`place`](SpillQueue::place) says where a new one belongs; a full
//! chunk is passed on run by run with [`spill`](SpillQueue::spill) or [`keep`](SpillQueue::keep); what lies behind comes
//! to the front with [`advance`](SpillQueue::advance) or [`accept`](SpillQueue::accept). How an item becomes bytes is the
//! caller's matter.

use std::{collections::VecDeque, time::Duration};

use super::{Ledger, Record, SpillError, SpillFile, Summary};

/// A chunk larger than this gains nothing: writing it already costs far more than the call.
const LARGEST_CHUNK: u64 = 1 << 20;

/// How much may wait in memory.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Most items.
    pub items: u64,
    /// Most estimated bytes.
    pub bytes: u64,
}

/// The answer to an item that may be refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// It was taken, in front.
    Taken,
    /// As many items as the bound allows are held.
    TooManyItems,
    /// Its bytes do not fit beside those held.
    TooManyBytes,
}

/// Where an item that is always taken belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// In front.
    Front,
    /// In the chunk that is being gathered for the disk.
    Chunk,
    /// In the chunk, which is now full: pass it on.
    ChunkFull,
}

/// Sizes and places of all items of one stream.
#[derive(Debug)]
pub struct SpillQueue {
    bounds: Bounds,
    chunk_bounds: Bounds,
    front: Ledger,
    /// Sizes of the items behind, oldest first. The last `chunk_items` of them are the chunk.
    behind: VecDeque<u64>,
    behind_bytes: u64,
    chunk_items: usize,
    chunk_bytes: u64,
    file: SpillFile,
    /// Items and estimated bytes of each record of `file`.
    records: VecDeque<Bounds>,
    on_disk: u64,
}

impl SpillQueue {
    /// An empty queue.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            chunk_bounds: Bounds {
                items: bounds.items / 4,
                bytes: (bounds.bytes / 4).min(LARGEST_CHUNK),
            },
            front: Ledger::default(),
            behind: VecDeque::new(),
            behind_bytes: 0,
            chunk_items: 0,
            chunk_bytes: 0,
            file: SpillFile::default(),
            records: VecDeque::new(),
            on_disk: 0,
        }
    }

    /// Takes an item in front if there is room. One that is alone is always taken.
    pub fn offer(&mut self, size: u64) -> Offer {
        let answer = self.room(size, self.bounds);
        match answer {
            Offer::Taken => self.front.take(size),
            Offer::TooManyItems | Offer::TooManyBytes => self.front.refuse(),
        }
        answer
    }

    /// Takes an item: in front if there is room and nothing lies behind, else into the chunk.
    pub fn place(&mut self, size: u64) -> Placement {
        // The chunk is gathered in memory too, so the front leaves room for it.
        let bounds = Bounds {
            items: self.bounds.items - self.chunk_bounds.items,
            bytes: self.bounds.bytes - self.chunk_bounds.bytes,
        };
        if self.behind.is_empty() && self.on_disk == 0 && self.room(size, bounds) == Offer::Taken {
            self.front.take(size);
            return Placement::Front;
        }
        self.front.refuse();
        self.behind.push_back(size);
        self.behind_bytes += size;
        self.chunk_items += 1;
        self.chunk_bytes += size;
        // An item alone in front may be larger than what the front leaves.
        let is_over = self.front.bytes() + self.chunk_bytes > self.bounds.bytes;
        if is_over || self.chunk_items as u64 >= self.chunk_bounds.items || self.chunk_bytes >= self.chunk_bounds.bytes
        {
            Placement::ChunkFull
        } else {
            Placement::Chunk
        }
    }

    /// Moves the first `count` items of the chunk to disk, as the record `payload`.
    ///
    /// # Errors
    /// As [`SpillFile::append`]; the items are still in the chunk.
    pub fn spill(&mut self, count: usize, payload: &[u8]) -> Result<(), SpillError> {
        let count = count.min(self.chunk_items);
        self.file.append(payload)?;
        let start = self.behind.len() - self.chunk_items;
        let bytes = self.behind.drain(start..start + count).sum();
        self.behind_bytes -= bytes;
        self.leave_chunk(count, bytes);
        self.records.push_back(Bounds {
            items: count as u64,
            bytes,
        });
        self.on_disk += count as u64;
        Ok(())
    }

    /// Leaves the first `count` items of the chunk in memory, behind what came before.
    pub fn keep(&mut self, count: usize) {
        let count = count.min(self.chunk_items);
        let start = self.behind.len() - self.chunk_items;
        let bytes = self.behind.range(start..start + count).sum();
        self.leave_chunk(count, bytes);
    }

    /// Moves the first `count` items behind to the front. Where they include the chunk, it ends.
    pub fn advance(&mut self, count: usize) {
        let count = count.min(self.behind.len());
        for size in self.behind.drain(..count) {
            self.front.take(size);
            self.behind_bytes -= size;
        }
        if self.chunk_items > self.behind.len() {
            self.chunk_items = self.behind.len();
            self.chunk_bytes = self.behind_bytes;
        }
    }

    /// The oldest record on disk, to be read.
    #[must_use]
    pub fn record(&self) -> Option<Record> {
        self.file.front()
    }

    /// The oldest record was read: its items are in front now.
    ///
    /// Each counts with an equal share of the record's bytes; their sum is exact.
    pub fn accept(&mut self) {
        let Some(Bounds { items, bytes }) = self.records.pop_front() else {
            return;
        };
        self.file.pop();
        self.on_disk -= items;
        for index in 0..items {
            self.front.take(bytes / items + u64::from(index < bytes % items));
        }
    }

    /// The first `count` items in front were processed in `elapsed`.
    pub fn complete(&mut self, count: u64, elapsed: Duration) {
        self.front.complete(count, elapsed);
    }

    /// Counts a batch that failed; its items stay in front.
    pub fn fail(&mut self) {
        self.front.fail();
    }

    /// Forgets items and totals and removes the file.
    pub fn clear(&mut self) {
        *self = Self::new(self.bounds);
    }

    /// The totals over all places.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let front = self.front.summary();
        Summary {
            buffered: front.buffered + self.behind.len() as u64 + self.on_disk,
            bytes: front.bytes + self.behind_bytes,
            ..front
        }
    }

    fn room(&self, size: u64, bounds: Bounds) -> Offer {
        if self.front.is_empty() {
            Offer::Taken
        } else if self.front.len() >= bounds.items {
            Offer::TooManyItems
        } else if self.front.bytes().saturating_add(size) > bounds.bytes {
            Offer::TooManyBytes
        } else {
            Offer::Taken
        }
    }

    fn leave_chunk(&mut self, count: usize, bytes: u64) {
        self.chunk_items -= count;
        self.chunk_bytes -= bytes;
    }
}

#[cfg(test)]
mod tests;
