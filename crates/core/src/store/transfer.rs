//! Stores as one file, to be carried elsewhere and merged.
