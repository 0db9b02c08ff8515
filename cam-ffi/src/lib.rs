//! The C door: a few verbs for everything, declared in `include/cam_ffi.h`.
//!
//! | module | what |
//! |---|---|
//! | `guard` | the gate of every entry: panics caught, pointers checked, errors handed over |
//! | [`error`], [`string`], [`bytes`], [`control`] | what every call may take or give besides data |
//! | [`log`], [`table`], [`arrow`] | data: a transaction log, named columns, Arrow C streams |
//! | `options`, [`summary`], [`model`], [`score`], [`task`] | the verbs |
//!
//! The contract, for every entry:
//!
//! - A handle comes from this library and is freed by its own `cam_x_free`, once; freeing NULL does nothing. `const cam_x *` may be shared
//!   by any number of threads; `cam_x *` is exclusive.
//! - A fallible call returns a status, 0 for success, and takes `cam_error **err` last; NULL is allowed there. `*err` is written
//!   on failure only, all other outputs on success only.
//! - Buffers belong to the caller. A capacity is counted in values and may be larger than needed.
//! - Texts are NUL-terminated UTF-8. What chooses (a model, a quantity, a unit) is a text, and options are JSON.
//! - Panics do not cross: they become `CAM_INTERNAL`.
//!
//! Nothing runs before the first call, nothing is global, and no thread outlives a call; so a process may fork.

// The names are those of the header.
#![allow(non_camel_case_types)]
// One contract for all entries: see above.
#![allow(clippy::missing_safety_doc)]

pub mod arrow;
pub mod bytes;
pub mod control;
pub mod error;
pub(crate) mod guard;
pub mod log;
pub mod model;
pub(crate) mod options;
pub mod score;
pub mod string;
pub mod summary;
pub mod table;
pub mod task;

use error::cam_error;
use std::ffi::c_char;

/// The version of the binary interface that this header describes; compare with cam_abi_version().
pub const CAM_ABI_VERSION: u32 = 0;

/// Success.
pub const CAM_OK: i32 = 0;
/// A parameter, option or argument lies outside its domain.
pub const CAM_INVALID_PARAMETER: i32 = 1;
/// A row of the data breaks a rule; cam_error_row says which row.
pub const CAM_INVALID_DATA: i32 = 2;
/// Columns are missing, empty, of unequal length or of the wrong type; or a buffer is too small.
pub const CAM_INVALID_SHAPE: i32 = 3;
/// No model, quantity, column, unit or option of that name.
pub const CAM_UNKNOWN_NAME: i32 = 4;
/// A stored document cannot be read: not JSON, not ours, or of a later version.
pub const CAM_INVALID_DOCUMENT: i32 = 5;
/// The data are well formed, but too few or too uniform for the model to be estimated.
pub const CAM_NOT_ENOUGH_DATA: i32 = 6;
/// A computation left the range in which it can be carried out.
pub const CAM_NUMERICAL: i32 = 7;
/// The caller asked for the work to stop.
pub const CAM_INTERRUPTED: i32 = 8;
/// The model does not define what was asked of it.
pub const CAM_UNSUPPORTED: i32 = 9;
/// A defect in cam itself: a panic that was caught.
pub const CAM_INTERNAL: i32 = 99;

/// The table has no keys.
pub const CAM_KEYS_NONE: u32 = 0;
/// The keys are integers; see cam_table_keys_int64.
pub const CAM_KEYS_INT64: u32 = 1;
/// The keys are texts; see cam_table_keys_text.
pub const CAM_KEYS_TEXT: u32 = 2;

/// The version of the binary interface of the library that is loaded: equal to CAM_ABI_VERSION, or header and library do not match.
#[unsafe(no_mangle)]
pub extern "C" fn cam_abi_version() -> u32 {
    CAM_ABI_VERSION
}

/// The version of the library, such as "0.1.0". Lives for ever.
#[unsafe(no_mangle)]
pub extern "C" fn cam_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// Panic, for the tests of the gate. Not in the header.
#[doc(hidden)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_debug_panic(err: *mut *mut cam_error) -> i32 {
    guard::guard(err, || panic!("deliberate"))
}

#[cfg(test)]
mod tests {
    use cam_core::ErrorKind;

    #[test]
    fn status_codes_are_the_numbers_of_the_error_kinds() {
        let pairs = [
            (super::CAM_INVALID_PARAMETER, ErrorKind::InvalidParameter),
            (super::CAM_INVALID_DATA, ErrorKind::InvalidData),
            (super::CAM_INVALID_SHAPE, ErrorKind::InvalidShape),
            (super::CAM_UNKNOWN_NAME, ErrorKind::UnknownName),
            (super::CAM_INVALID_DOCUMENT, ErrorKind::InvalidDocument),
            (super::CAM_NOT_ENOUGH_DATA, ErrorKind::NotEnoughData),
            (super::CAM_NUMERICAL, ErrorKind::Numerical),
            (super::CAM_INTERRUPTED, ErrorKind::Interrupted),
            (super::CAM_UNSUPPORTED, ErrorKind::Unsupported),
            (super::CAM_INTERNAL, ErrorKind::Internal),
        ];
        for (code, kind) in pairs {
            assert_eq!(code, kind.code(), "{}", kind.name());
        }
    }

    #[test]
    fn a_builder_with_several_calibration_ends_says_that_it_makes_several_tables() {
        use cam_core::summary::{Log, Moment, SummaryBuilder, SummaryOptions, Times};
        let control = cam_core::Control::new();
        let ends = [Moment::Day(3), Moment::Day(5)];
        let mut builder = SummaryBuilder::with_calibration_ends(SummaryOptions::new(), &ends).unwrap();
        builder.push(&Log::new(&[1_i64, 1][..], Times::Days(&[0, 9])), &control).unwrap();
        let error = crate::summary::cam_summary_builder::from(builder).finish(&control).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains("2 calibration ends"), "{error}");
    }

    #[test]
    fn shared_handles_may_be_used_by_many_threads() {
        fn shared<T: Send + Sync>() {}
        shared::<crate::model::cam_model>();
        shared::<crate::table::cam_table>();
        shared::<crate::log::cam_log>();
        shared::<crate::control::cam_control>();
        shared::<crate::error::cam_error>();
        shared::<crate::string::cam_string>();
        shared::<crate::bytes::cam_bytes>();
        shared::<crate::task::cam_answer>();
    }
}
