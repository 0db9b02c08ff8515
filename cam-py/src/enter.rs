//! The one way in for work that can take long.
//!
//! The work runs on a thread of its own, without the GIL. The calling thread looks at Python's signals every
//! [`BEAT`] and hands progress to the callback, so that Ctrl-C stops the work soon and the callback runs where it
//! was given. All threads end before the call does: a process may fork at any time between calls.

use crate::errors::{from_panic, to_python};
use cam_core::{Control, Error, ErrorKind, Progress, Result};
use pyo3::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How often signals are looked at and progress is told.
const BEAT: Duration = Duration::from_millis(50);

/// How a call is run: the threads it may use (0: all processors), and whom to tell.
pub(crate) struct Call {
    pub(crate) threads: usize,
    pub(crate) progress: Option<Py<PyAny>>,
}

/// Do the work; turn an error, a panic or Ctrl-C into an exception.
pub(crate) fn enter<T: Send>(
    py: Python<'_>,
    call: &Call,
    work: impl FnOnce(&Control<'_>) -> Result<T> + Send,
) -> PyResult<T> {
    let cancel = AtomicBool::new(false);
    let latest: Mutex<Option<Progress>> = Mutex::new(None);
    let observe = |progress: Progress| {
        *latest.lock().unwrap_or_else(PoisonError::into_inner) = Some(progress);
    };
    let control = Control::new().threads(call.threads).cancel(&cancel).progress(&observe);
    let tell = |py: Python<'_>| match &call.progress {
        Some(callback) => {
            let progress = latest.lock().unwrap_or_else(PoisonError::into_inner).take();
            progress.map_or(Ok(()), |p| callback.call1(py, (p.stage, p.done, p.total, p.value)).map(|_| ()))
        }
        None => Ok(()),
    };
    let (outcome, failure) = py.detach(|| {
        std::thread::scope(|scope| {
            let (done, finished) = sync_channel(1);
            let control = &control;
            scope.spawn(move || {
                let outcome = catch_unwind(AssertUnwindSafe(|| work(control)));
                // The receiver outlives this thread; were it gone, there would be nobody to tell.
                let _ = done.send(outcome);
            });
            let mut failure: Option<PyErr> = None;
            let outcome = loop {
                match finished.recv_timeout(BEAT) {
                    Ok(outcome) => break outcome,
                    Err(RecvTimeoutError::Disconnected) => {
                        break Ok(Err(Error::new(ErrorKind::Internal, "a worker thread vanished")));
                    }
                    Err(RecvTimeoutError::Timeout) if failure.is_none() => {
                        if let Err(stop) = Python::attach(|py| py.check_signals().and_then(|()| tell(py))) {
                            cancel.store(true, Ordering::Relaxed);
                            failure = Some(stop);
                        }
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                }
            };
            (outcome, failure)
        })
    });
    if let Some(failure) = failure {
        return Err(failure);
    }
    let value = settle(py, outcome)?;
    tell(py)?;
    Ok(value)
}

/// Do short work here and now; an error or a panic becomes an exception.
pub(crate) fn guard<T>(py: Python<'_>, work: impl FnOnce() -> Result<T>) -> PyResult<T> {
    settle(py, catch_unwind(AssertUnwindSafe(work)))
}

fn settle<T>(py: Python<'_>, outcome: std::thread::Result<Result<T>>) -> PyResult<T> {
    outcome.unwrap_or_else(|panic| Err(from_panic(&*panic))).map_err(|error| to_python(py, &error))
}
