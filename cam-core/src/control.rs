//! How a long computation is run: on how many threads, who is told of its progress, and how it is stopped.
//!
//! Nothing is global: every call that can take long accepts a [`Control`]. Work is cut into fixed chunks of
//! [`CHUNK`] rows, whatever the number of threads, and partial results are combined in chunk order, so every
//! thread count gives the same bits. Threads are scoped to the call (no pool), so a process may `fork` after it.

use crate::error::{Error, Result};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

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

    /// `work(0), …, work(n − 1)`, spread over the threads; the results in order. The first error in that order wins.
    pub fn map<T: Send>(&self, n: usize, work: impl Fn(usize) -> Result<T> + Sync) -> Result<Vec<T>> {
        let threads = self.thread_count().min(n);
        if threads <= 1 {
            return (0..n).map(|i| self.check().and_then(|()| work(i))).collect();
        }
        let next = AtomicUsize::new(0);
        let done: Mutex<Vec<(usize, Result<T>)>> = Mutex::new(Vec::with_capacity(n));
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    let mut mine = Vec::new();
                    loop {
                        let i = next.fetch_add(1, Ordering::Relaxed);
                        if i >= n {
                            break;
                        }
                        let result = self.check().and_then(|()| work(i));
                        let failed = result.is_err();
                        mine.push((i, result));
                        if failed {
                            break;
                        }
                    }
                    done.lock().unwrap_or_else(|p| p.into_inner()).append(&mut mine);
                });
            }
        });
        let mut results = done.into_inner().unwrap_or_else(|p| p.into_inner());
        results.sort_unstable_by_key(|(i, _)| *i);
        results.into_iter().map(|(_, result)| result).collect()
    }

    /// Fill `out` chunk by chunk: `work(first_row, chunk)` for consecutive chunks of [`CHUNK`] values.
    pub fn fill<T: Send>(
        &self,
        out: &mut [T],
        work: impl Fn(usize, &mut [T]) -> Result<()> + Sync,
    ) -> Result<()> {
        let threads = self.thread_count().min(out.len().div_ceil(CHUNK));
        if threads <= 1 {
            for (i, chunk) in out.chunks_mut(CHUNK).enumerate() {
                self.check()?;
                work(i * CHUNK, chunk)?;
            }
            return Ok(());
        }
        let queue = Mutex::new(out.chunks_mut(CHUNK).enumerate());
        let failure: Mutex<Option<(usize, Error)>> = Mutex::new(None);
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    loop {
                        let Some((i, chunk)) = queue.lock().unwrap_or_else(|p| p.into_inner()).next() else {
                            break;
                        };
                        if let Err(e) = self.check().and_then(|()| work(i * CHUNK, chunk)) {
                            let mut first = failure.lock().unwrap_or_else(|p| p.into_inner());
                            if first.as_ref().is_none_or(|(j, _)| i < *j) {
                                *first = Some((i, e));
                            }
                            break;
                        }
                    }
                });
            }
        });
        match failure.into_inner().unwrap_or_else(|p| p.into_inner()) {
            Some((_, e)) => Err(e),
            None => Ok(()),
        }
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
