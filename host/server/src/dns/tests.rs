use std::sync::atomic::AtomicUsize;
use std::sync::{Mutex, mpsc};

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

fn query(host: &str, ipv6: bool) -> Query {
    Query { host: host.to_owned(), ipv6 }
}

fn runtime(threads: usize) -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().max_blocking_threads(threads).build().unwrap()
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn addresses_of_the_wanted_family_come_in_order_and_once() {
    let found = ["192.0.2.2", "2001:db8::1", "192.0.2.1", "192.0.2.2"].map(address).to_vec();
    let resolver = Resolver::with(4, HOUR, Arc::new(move |_| Ok(found.clone())));
    runtime(1).block_on(async {
        let v4 = resolver.ask(&query("a.example", false)).unwrap().await;
        assert_eq!(v4, Ok(vec![address("192.0.2.2"), address("192.0.2.1")]));
        let v6 = resolver.ask(&query("a.example", true)).unwrap().await;
        assert_eq!(v6, Ok(vec![address("2001:db8::1")]));
    });
}

#[test]
fn a_name_without_an_address_is_told_as_such() {
    let resolver =
        Resolver::with(4, HOUR, Arc::new(|_| Err(io::Error::new(io::ErrorKind::NotFound, "no such name"))));
    let answer = runtime(1).block_on(async { resolver.ask(&query("a.example", false)).unwrap().await });
    assert_eq!(answer, Err(ResolveError::NoAddress));
}

/// The system's resolver reads an address without asking anybody.
#[test]
fn the_systems_resolver_is_asked() {
    let resolver = Resolver::new(1, HOUR);
    let answer = runtime(1).block_on(async { resolver.ask(&query("127.0.0.1", false)).unwrap().await });
    assert_eq!(answer, Ok(vec![address("127.0.0.1")]));
}

/// INV-LIMIT: `dns-queries`, also for questions that nobody waits for any more.
#[test]
fn a_resolver_that_hangs_makes_questions_refused_and_hoards_none() {
    const MOST: usize = 10;
    let (release, wait) = mpsc::channel::<()>();
    let (wait, asked) = (Mutex::new(wait), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&asked);
    let look_up: LookUp = Arc::new(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        // It hangs until the test lets it go.
        let _ = wait.lock().unwrap().recv();
        Ok(vec![IpAddr::from([192, 0, 2, 1])])
    });
    let resolver = Resolver::with(MOST, Duration::ZERO, look_up);
    runtime(2).block_on(async {
        for n in 0..MOST {
            let answer = resolver.ask(&query(&format!("{n}.example"), false)).unwrap().await;
            assert_eq!(answer, Err(ResolveError::TimedOut));
        }
        for _ in 0..1000 {
            assert_eq!(resolver.ask(&query("more.example", false)).err(), Some(ResolveError::Limit));
        }
        assert_eq!(resolver.under_way(), MOST, "nobody waits, but the threads do");
        drop(release);
        let all = resolver.free.acquire_many(MOST as u32).await.unwrap();
        drop(all);
        assert_eq!(resolver.under_way(), 0);
        assert!(asked.load(Ordering::SeqCst) <= 2, "what still waited for a thread asks nobody");
        assert!(resolver.ask(&query("again.example", false)).is_ok(), "and there is room again");
    });
}
