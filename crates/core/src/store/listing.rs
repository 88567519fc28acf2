//! What a store holds, entry by entry, for people.
