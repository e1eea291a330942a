//! Work on many small files by several threads. Results arrive in the order of the jobs.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, Scope, available_parallelism, scope};

/// Maximum number of threads.
const MAX_THREADS: usize = 8;
/// Maximum number of unfinished jobs for each thread, and of all. They bound memory and open descriptors.
const DEPTH: usize = 3;
const MAX_JOBS: usize = 8;

type Job<J, R> = (J, SyncSender<R>);

/// Threads that wait for jobs. They start with the first job.
pub struct Pool<'scope, 'env, J, R> {
    scope: &'scope Scope<'scope, 'env>,
    work: Arc<dyn Fn(J) -> R + Send + Sync + 'env>,
    jobs: Option<SyncSender<Job<J, R>>>,
    threads: usize,
}

/// A result that may still be missing.
pub struct Pending<R>(Receiver<R>);

impl<R> Pending<R> {
    /// Waits for the result.
    pub fn wait(self) -> R {
        match self.0.recv() {
            Ok(result) => result,
            Err(_) => std::panic::panic_any("a thread ended without a result"),
        }
    }
}

/// Runs `produce`, which submits jobs for `work`.
pub fn with_pool<'env, J, R, T>(
    work: impl Fn(J) -> R + Send + Sync + 'env,
    produce: impl for<'scope> FnOnce(&mut Pool<'scope, 'env, J, R>) -> T,
) -> T
where
    J: Send + 'env,
    R: Send + 'env,
{
    let work: Arc<dyn Fn(J) -> R + Send + Sync + 'env> = Arc::new(work);
    scope(|scope| {
        produce(&mut Pool {
            scope,
            work,
            jobs: None,
            threads: available_parallelism()
                .map_or(1, usize::from)
                .min(MAX_THREADS),
        })
    })
}

impl<'env, J: Send + 'env, R: Send + 'env> Pool<'_, 'env, J, R> {
    /// Returns the number of jobs that keep all threads busy.
    pub fn depth(&self) -> usize {
        (self.threads * DEPTH).min(MAX_JOBS)
    }

    /// Submits a job to the threads. Runs it at once if the user may start no more threads.
    pub fn submit(&mut self, job: J) -> Pending<R> {
        if self.jobs.is_none() {
            self.start();
        }
        let (reply, result) = sync_channel(1);
        if let Some(jobs) = &self.jobs
            && self.threads > 0
        {
            // The threads wait until the channel is dropped.
            let _ = jobs.send((job, reply));
        } else {
            let _ = reply.send((self.work)(job));
        }
        Pending(result)
    }

    fn start(&mut self) {
        let (jobs, waiting) = sync_channel::<Job<J, R>>(self.depth());
        let waiting = Arc::new(Mutex::new(waiting));
        let start = |_: &usize| {
            let (work, waiting) = (Arc::clone(&self.work), Arc::clone(&waiting));
            Builder::new()
                .name("files".into())
                .spawn_scoped(self.scope, move || run(&*work, &waiting))
                .is_ok()
        };
        self.threads = (0..self.threads).filter(start).count();
        self.jobs = Some(jobs);
    }
}

fn run<J, R>(work: &dyn Fn(J) -> R, waiting: &Mutex<Receiver<Job<J, R>>>) {
    loop {
        let received = waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recv();
        let Ok((job, reply)) = received else { return };
        // The receiver is gone if the work was given up.
        let _ = reply.send(work(job));
    }
}

/// Results in the order of their jobs, between values that need no thread.
pub struct Queue<V, R>(VecDeque<Item<V, R>>);

pub enum Item<V, R> {
    Ready(V),
    Pending(Pending<R>),
}

impl<V, R> Default for Queue<V, R> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<V, R> Queue<V, R> {
    pub fn push(&mut self, item: Item<V, R>) {
        self.0.push_back(item);
    }

    /// Takes the first item while there are more than `most`, or while it is ready.
    pub fn take(&mut self, most: usize) -> Option<Item<V, R>> {
        let ready = matches!(self.0.front(), Some(Item::Ready(_)));
        (ready || self.0.len() > most).then(|| self.0.pop_front())?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_arrive_in_the_order_of_the_jobs_and_between_ready_values() {
        let double = |job: usize| {
            if job.is_multiple_of(3) {
                std::thread::yield_now();
            }
            job * 2
        };
        let taken = with_pool(double, |pool| {
            let mut queue = Queue::default();
            let mut taken = Vec::new();
            let mut take = |queue: &mut Queue<usize, usize>, most| {
                while let Some(item) = queue.take(most) {
                    taken.push(match item {
                        Item::Ready(value) => value,
                        Item::Pending(result) => result.wait(),
                    });
                }
            };
            for job in 0..1000 {
                queue.push(Item::Pending(pool.submit(job)));
                queue.push(Item::Ready(job * 2 + 1));
                take(&mut queue, pool.depth());
            }
            take(&mut queue, 0);
            taken
        });
        assert_eq!(taken, (0..2000).collect::<Vec<_>>());
    }

    #[test]
    fn a_user_without_further_threads_gets_the_results() {
        let done = with_pool(
            |job: u32| job + 1,
            |pool| {
                pool.threads = 0;
                pool.submit(1).wait()
            },
        );
        assert_eq!(done, 2);
    }
}
