//! The numerical ground floor.
