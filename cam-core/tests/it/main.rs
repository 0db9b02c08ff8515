//! Integration tests of cam-core: one binary.
