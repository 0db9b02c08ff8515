//! From a transaction log to sufficient rows.
