//! One rule of the execution at a time.
