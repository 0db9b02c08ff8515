//! How a long computation is run: on how many threads, who is told of its progress, and how it is stopped.
//!
//! Nothing is global: every call that can take long accepts a [`Control`]. Work is cut into fixed chunks of
//! [`CHUNK`] rows, whatever the number of threads, and partial results are combined in chunk order, so every
//! thread count gives the same bits. Threads are scoped to the call (no pool), so a process may `fork` after it.

use crate::error::{Error, Result};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Rows per unit of work. Fixed, because the order of floating-point sums follows it.
pub const CHUNK: usize = 4096;

/// A report on the state of a long computation.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// What is being done, for example `"fit bg_nbd"`.
    pub stage: &'static str,
    /// Steps done so far (iterations of a fit, rows of a log).
    pub done: u64,
    /// Steps in all, where that is known beforehand.
    pub total: Option<u64>,
    /// The figure to watch, for example the mean log-likelihood.
    pub value: f64,
}

impl Progress {
    /// A report.
    pub fn new(stage: &'static str, done: u64, total: Option<u64>, value: f64) -> Self {
        Progress { stage, done, total, value }
    }
}

/// Threads, progress and cancellation for one call.
///
/// ```
/// use cam_core::Control;
/// let control = Control::new().threads(2);
/// assert_eq!(control.thread_count(), 2);
/// ```
#[derive(Clone, Copy, Default)]
pub struct Control<'a> {
    threads: usize,
    cancel: Option<&'a AtomicBool>,
    progress: Option<&'a (dyn Fn(Progress) + Sync)>,
}

impl<'a> Control<'a> {
    /// All processors, no progress report, no cancellation.
    pub fn new() -> Self {
        Control::default()
    }

    /// Use this many threads; 0 means one per available processor.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// Stop with [`ErrorKind::Interrupted`](crate::ErrorKind::Interrupted) soon after this flag becomes true.
    #[must_use]
    pub fn cancel(mut self, flag: &'a AtomicBool) -> Self {
        self.cancel = Some(flag);
        self
    }

    /// Call this after every step of a long computation.
    #[must_use]
    pub fn progress(mut self, report: &'a (dyn Fn(Progress) + Sync)) -> Self {
        self.progress = Some(report);
        self
    }

    /// The same without an observer: for parts of a computation whose own steps are not worth telling.
    #[must_use]
    pub fn quiet(mut self) -> Self {
        self.progress = None;
        self
    }

    /// The same on one thread where there are fewer than `least` of what is to be done: less work than it takes to start a thread.
    #[must_use]
    pub(crate) fn only_for(self, n: usize, least: usize) -> Self {
        if n < least { self.threads(1) } else { self }
    }

    /// The number of threads this call may use.
    pub fn thread_count(&self) -> usize {
        match self.threads {
            0 => std::thread::available_parallelism().map_or(1, |n| n.get()),
            n => n,
        }
    }

    /// Tell the observer, if there is one.
    pub fn report(&self, progress: Progress) {
        if let Some(report) = self.progress {
            report(progress);
        }
    }

    /// `Err` when the caller has asked to stop.
    pub fn check(&self) -> Result<()> {
        match self.cancel {
            Some(flag) if flag.load(Ordering::Relaxed) => Err(Error::interrupted()),
            _ => Ok(()),
        }
    }

    /// `work(0), …, work(n − 1)`, spread over the threads. The first error in that order wins.
    ///
    /// Not generic, so that threads are compiled once, and not for every closure.
    fn each(&self, n: usize, work: &(dyn Fn(usize) -> Result<()> + Sync)) -> Result<()> {
        let step = |i| self.check().and_then(|()| work(i));
        let threads = self.thread_count().min(n);
        if threads <= 1 {
            return (0..n).try_for_each(step);
        }
        let next = AtomicUsize::new(0);
        let failure: Mutex<Option<(usize, Error)>> = Mutex::new(None);
        // Whoever fails stops: all work before it has been taken up, and ends.
        let worker = || {
            loop {
                let i = next.fetch_add(1, Ordering::Relaxed);
                if i >= n {
                    break;
                }
                if let Err(e) = step(i) {
                    let mut first = failure.lock().unwrap_or_else(PoisonError::into_inner);
                    if first.as_ref().is_none_or(|(j, _)| i < *j) {
                        *first = Some((i, e));
                    }
                    break;
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..threads {
                scope.spawn(worker);
            }
            worker();
        });
        match failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some((_, e)) => Err(e),
            None => Ok(()),
        }
    }

    /// `work(0), …, work(n − 1)`, spread over the threads; the results in order. The first error in that order wins.
    pub fn map<T: Send>(&self, n: usize, work: impl Fn(usize) -> Result<T> + Sync) -> Result<Vec<T>> {
        let mut results: Vec<Mutex<Option<T>>> = Vec::new();
        results.resize_with(n, Mutex::default);
        self.each(n, &|i| {
            let result = work(i)?;
            *results[i].lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
            Ok(())
        })?;
        let mut all = Vec::with_capacity(n);
        for result in results {
            all.extend(result.into_inner().unwrap_or_else(PoisonError::into_inner));
        }
        Ok(all)
    }

    /// Fill `out` chunk by chunk: `work(first_row, chunk)` for consecutive chunks of [`CHUNK`] values.
    pub fn fill<T: Send>(
        &self,
        out: &mut [T],
        work: impl Fn(usize, &mut [T]) -> Result<()> + Sync,
    ) -> Result<()> {
        let chunks: Vec<Mutex<&mut [T]>> = out.chunks_mut(CHUNK).map(Mutex::new).collect();
        self.each(chunks.len(), &|i| {
            work(i * CHUNK, &mut chunks[i].lock().unwrap_or_else(PoisonError::into_inner))
        })
    }
}

impl std::fmt::Debug for Control<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Control")
            .field("threads", &self.threads)
            .field("cancel", &self.cancel)
            .field("progress", &self.progress.map(|_| "Fn(Progress)"))
            .finish()
    }
}
