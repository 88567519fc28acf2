//! Leases: which process makes the answer to a key while others wait for it.
