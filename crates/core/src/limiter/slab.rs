//! Things under numbers: an array whose places are used again.
//!
//! A number is a place and how often that place was given before, in 53 bits, so that a JavaScript number can carry it.
//! The number of what was removed finds nothing, until its place has been given another 2²⁹ times.

const PLACE_BITS: u32 = 24;
const MOST_PLACES: usize = 1 << PLACE_BITS;
const TURNS: u64 = 1 << 29;

#[derive(Debug)]
struct Place<T> {
    turn: u64,
    thing: Option<T>,
}

#[derive(Debug)]
pub(crate) struct Slab<T> {
    places: Vec<Place<T>>,
    free: Vec<u32>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self {
            places: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<T> Slab<T> {
    pub(crate) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// As many as there are numbers for.
    pub(crate) fn is_full(&self) -> bool {
        self.len() >= MOST_PLACES
    }

    pub(crate) fn insert(&mut self, thing: T) -> u64 {
        let index = self.free.pop().unwrap_or_else(|| {
            self.places.push(Place { turn: 0, thing: None });
            self.places.len() as u32 - 1
        });
        let place = &mut self.places[index as usize];
        place.thing = Some(thing);
        place.turn << PLACE_BITS | u64::from(index)
    }

    pub(crate) fn get(&self, number: u64) -> Option<&T> {
        let (index, turn) = parts(number);
        let place = self.places.get(index).filter(|place| place.turn == turn)?;
        place.thing.as_ref()
    }

    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        let (index, turn) = parts(number);
        let place = self.places.get_mut(index).filter(|place| place.turn == turn)?;
        place.thing.as_mut()
    }

    pub(crate) fn remove(&mut self, number: u64) -> Option<T> {
        let (index, turn) = parts(number);
        let place = self.places.get_mut(index).filter(|place| place.turn == turn)?;
        let thing = place.thing.take()?;
        place.turn = (place.turn + 1) % TURNS;
        self.free.push(index as u32);
        Some(thing)
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.places.iter_mut().filter_map(|place| place.thing.as_mut())
    }
}

/// Which place a number has: no two that are in use have the same.
pub(crate) fn place_of(number: u64) -> usize {
    parts(number).0
}

fn parts(number: u64) -> (usize, u64) {
    ((number & (MOST_PLACES as u64 - 1)) as usize, number >> PLACE_BITS)
}
