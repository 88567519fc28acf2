//! The permits that have not been released.
//!
//! A permit's number is its slot and how often that slot was given before, in 53 bits, so that a JavaScript number can
//! carry it. A number that was released finds nothing, until its slot has been given another 2²⁹ times.

use super::terms::Permit;

const SLOT_BITS: u32 = 24;
const MOST_SLOTS: usize = 1 << SLOT_BITS;
const TURNS: u64 = 1 << 29;

#[derive(Debug)]
struct Slot<T> {
    turn: u64,
    held: Option<T>,
}

#[derive(Debug)]
pub(super) struct Held<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
}

impl<T> Held<T> {
    pub(super) fn new() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
        }
    }

    pub(super) fn len(&self) -> u64 {
        (self.slots.len() - self.free.len()) as u64
    }

    /// As many as there are numbers for.
    pub(super) fn is_full(&self) -> bool {
        self.free.is_empty() && self.slots.len() >= MOST_SLOTS
    }

    pub(super) fn insert(&mut self, held: T) -> Permit {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot { turn: 0, held: None });
            self.slots.len() as u32 - 1
        });
        let place = &mut self.slots[slot as usize];
        place.held = Some(held);
        Permit(place.turn << SLOT_BITS | u64::from(slot))
    }

    pub(super) fn get(&self, permit: Permit) -> Option<&T> {
        let (slot, turn) = parts(permit);
        self.slots
            .get(slot)
            .filter(|slot| slot.turn == turn)
            .and_then(|slot| slot.held.as_ref())
    }

    pub(super) fn get_mut(&mut self, permit: Permit) -> Option<&mut T> {
        let (slot, turn) = parts(permit);
        self.slots
            .get_mut(slot)
            .filter(|slot| slot.turn == turn)
            .and_then(|slot| slot.held.as_mut())
    }

    pub(super) fn remove(&mut self, permit: Permit) -> Option<T> {
        let (index, turn) = parts(permit);
        let slot = self.slots.get_mut(index).filter(|slot| slot.turn == turn)?;
        let held = slot.held.take()?;
        slot.turn = (slot.turn + 1) % TURNS;
        self.free.push(index as u32);
        Some(held)
    }

    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.slots.iter_mut().filter_map(|slot| slot.held.as_mut())
    }
}

fn parts(permit: Permit) -> (usize, u64) {
    ((permit.0 & (MOST_SLOTS as u64 - 1)) as usize, permit.0 >> SLOT_BITS)
}
