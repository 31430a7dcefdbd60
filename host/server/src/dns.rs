//! Addresses of host names. Asked anew each time and bounded in time; the system's resolver does the work on other threads.
//!
//! A question that nobody waits for any more still holds a thread, or a place in the queue before the threads, for as long
//! as the system's resolver takes. So it counts against `dns-queries` to its real end: a resolver that hangs makes the
//! host refuse questions, and never hoard them. Deliberately not here: NAPTR and SRV (RFC 3263), which come with a resolver
//! of our own.

#[cfg(test)]
mod tests;

use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use siplet_container::io::{Query, ResolveError};
use tokio::sync::Semaphore;

/// Asks for the addresses of a name; it may take as long as it likes.
type LookUp = Arc<dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync>;

/// The resolver of one shard.
pub(crate) struct Resolver {
    /// A permit for each question that may still begin.
    free: Arc<Semaphore>,
    most: usize,
    timeout: Duration,
    look_up: LookUp,
}

impl Resolver {
    /// The system's resolver, for at most so many questions at a time (`dns-queries`), each answered after `timeout` at
    /// the latest.
    pub(crate) fn new(most: usize, timeout: Duration) -> Self {
        Self::with(most, timeout, Arc::new(system))
    }

    fn with(most: usize, timeout: Duration, look_up: LookUp) -> Self {
        Self { free: Arc::new(Semaphore::new(most)), most, timeout, look_up }
    }

    /// Questions that a thread works on or that wait for one.
    pub(crate) fn under_way(&self) -> usize {
        self.most.saturating_sub(self.free.available_permits())
    }

    /// Begins a question on the runtime that this is called from. Its answer: the addresses of the wanted family, in the
    /// resolver's order, each once, or why there are none.
    ///
    /// # Errors
    /// [`ResolveError::Limit`] at once when there are too many.
    pub(crate) fn ask(
        &self,
        query: &Query,
    ) -> Result<impl Future<Output = Result<Vec<IpAddr>, ResolveError>> + use<>, ResolveError> {
        let permit = Arc::clone(&self.free).try_acquire_owned().map_err(|_| ResolveError::Limit)?;
        let (look_up, host, timeout) = (Arc::clone(&self.look_up), query.host.clone(), self.timeout);
        let over = Arc::new(AtomicBool::new(false));
        let nobody_waits = Arc::clone(&over);
        let job = tokio::task::spawn_blocking(move || {
            let _until_its_end = permit;
            if nobody_waits.load(Ordering::Relaxed) { None } else { look_up(&host).ok() }
        });
        let ipv6 = query.ipv6;
        Ok(async move {
            let Ok(told) = tokio::time::timeout(timeout, job).await else {
                // Where it still waits for a thread it ends without asking anybody.
                over.store(true, Ordering::Relaxed);
                return Err(ResolveError::TimedOut);
            };
            let mut addresses = Vec::new();
            for address in told.ok().flatten().unwrap_or_default() {
                if address.is_ipv6() == ipv6 && !addresses.contains(&address) {
                    addresses.push(address);
                }
            }
            if addresses.is_empty() { Err(ResolveError::NoAddress) } else { Ok(addresses) }
        })
    }
}

fn system(host: &str) -> io::Result<Vec<IpAddr>> {
    Ok((host, 0).to_socket_addrs()?.map(|address| address.ip()).collect())
}
