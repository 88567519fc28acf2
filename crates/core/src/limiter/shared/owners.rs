//! Whose a held permit is, so that a user who goes gives back what it holds, and nobody gives back what is another's.

use super::super::Permit;
use super::super::slab::place_of;
use super::line::UserId;

/// By the place of the permit: no two that are held share one.
#[derive(Debug, Default)]
pub(super) struct Owners {
    owned: Vec<Option<(Permit, UserId)>>,
}

impl Owners {
    pub(super) fn add(&mut self, permit: Permit, user: UserId) {
        let place = place_of(permit.0);
        if place >= self.owned.len() {
            self.owned.resize(place + 1, None);
        }
        self.owned[place] = Some((permit, user));
    }

    /// Whether `user` held this permit, which it does no longer.
    pub(super) fn remove(&mut self, permit: Permit, user: UserId) -> bool {
        let place = self.owned.get_mut(place_of(permit.0));
        place.is_some_and(|owned| owned.take_if(|owned| *owned == (permit, user)).is_some())
    }

    /// Everything that `user` holds.
    pub(super) fn of(&self, user: UserId) -> Vec<Permit> {
        let of_user = |&&(_, owner): &&(Permit, UserId)| owner == user;
        self.owned
            .iter()
            .flatten()
            .filter(of_user)
            .map(|&(permit, _)| permit)
            .collect()
    }
}
