//! How a long call is run: threads, progress, cancellation.

use crate::error::{c_text, cam_error};
use crate::guard::{ask, borrow, borrow_mut, free, give, guard};
use cam_core::{Control, Error, Progress, Result};
use std::ffi::{c_char, c_void};
use std::sync::atomic::{AtomicBool, Ordering};

/// More than any machine has work for: a larger number is a mistake, such as a negative one.
const MOST_THREADS: u32 = 1024;

/// Called after every step of a long call: what is being done, steps done, steps in all (0 where not known), the figure to watch
/// (for a fit the mean log-likelihood), and the pointer given to cam_control_set_progress. Returns 0 to go on; anything else
/// stops the call with CAM_INTERRUPTED.
pub type cam_progress_fn = Option<
    unsafe extern "C" fn(
        stage: *const c_char,
        done: u64,
        total: u64,
        value: f64,
        user_data: *mut c_void,
    ) -> i32,
>;

/// How a long call is run: on how many threads, who is told of its progress, and how it is stopped. Wherever one is taken, NULL means
/// all processors, no report, no stopping. May be used for several calls, also at once. Free with cam_control_free.
#[derive(Debug)]
pub struct cam_control {
    threads: u32,
    cancelled: AtomicBool,
    progress: cam_progress_fn,
    user_data: *mut c_void,
}

// SAFETY: `user_data` is only handed to the callback, and the header says that a callback with its data must bear to be called from any
// thread; the flag is atomic; the rest is changed through `*mut` only, which the header makes exclusive.
unsafe impl Send for cam_control {}
// SAFETY: as above.
unsafe impl Sync for cam_control {}

/// A control with the defaults.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_control_new(out: *mut *mut cam_control, err: *mut *mut cam_error) -> i32 {
    let control = || cam_control {
        threads: 0,
        cancelled: AtomicBool::new(false),
        progress: None,
        user_data: std::ptr::null_mut(),
    };
    // SAFETY: a writable place, by the contract of the header.
    unsafe { give(out, err, || Ok(Box::into_raw(Box::new(control())))) }
}

/// Use this many threads, at most 1024; 0 means one per processor. Any number gives the same bits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_control_set_threads(
    control: *mut cam_control,
    threads: u32,
    err: *mut *mut cam_error,
) -> i32 {
    guard(err, || {
        if threads > MOST_THREADS {
            return Err(Error::parameter("threads", "at most 1024", threads));
        }
        // SAFETY: a live handle that nobody else uses, by the contract of the header.
        unsafe { borrow_mut(control, "control") }?.threads = threads;
        Ok(())
    })
}

/// Call `callback` with `user_data` after every step; NULL: no report. It may be called from any thread, but must not call
/// longjmp or throw.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_control_set_progress(
    control: *mut cam_control,
    callback: cam_progress_fn,
    user_data: *mut c_void,
    err: *mut *mut cam_error,
) -> i32 {
    guard(err, || {
        // SAFETY: a live handle that nobody else uses, by the contract of the header.
        let control = unsafe { borrow_mut(control, "control") }?;
        control.progress = callback;
        control.user_data = user_data;
        Ok(())
    })
}

/// Stop the calls that run with this control, and all later ones, with CAM_INTERRUPTED: may be called from another thread or from a
/// signal handler. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_control_cancel(control: *const cam_control) {
    // SAFETY: NULL or a live handle, by the contract of the header.
    unsafe {
        ask(control, (), |c| {
            c.cancelled.store(true, Ordering::Relaxed);
            Some(())
        });
    }
}

/// Take a cancellation back, so that the control can be used again. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_control_reset(control: *const cam_control) {
    // SAFETY: NULL or a live handle, by the contract of the header.
    unsafe {
        ask(control, (), |c| {
            c.cancelled.store(false, Ordering::Relaxed);
            Some(())
        });
    }
}

/// Free a control; no call may still be running with it. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_control_free(control: *mut cam_control) {
    // SAFETY: NULL or a handle from this library that was not freed before, by the contract of the header.
    unsafe { free(control) }
}

/// Run `work` under this control.
///
/// # Safety
/// `control` is NULL or a live handle.
pub(crate) unsafe fn run<T>(
    control: *const cam_control,
    work: impl FnOnce(&Control<'_>) -> Result<T>,
) -> Result<T> {
    if control.is_null() {
        return work(&Control::new());
    }
    // SAFETY: by the contract of this function.
    let control = unsafe { borrow(control, "control") }?;
    let report = |p: Progress| {
        let Some(callback) = control.progress else { return };
        let stage = c_text(p.stage);
        // SAFETY: the header says that the callback bears to be called from any thread with its data.
        let go_on =
            unsafe { callback(stage.as_ptr(), p.done, p.total.unwrap_or(0), p.value, control.user_data) };
        if go_on != 0 {
            control.cancelled.store(true, Ordering::Relaxed);
        }
    };
    let mut core = Control::new().threads(control.threads as usize).cancel(&control.cancelled);
    if control.progress.is_some() {
        core = core.progress(&report);
    }
    core.check()?;
    work(&core)
}
