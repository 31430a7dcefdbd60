//! Addresses of a host name. Asked anew each time and bounded in time; the system's resolver does the work on another
//! thread. Deliberately not here: NAPTR and SRV (RFC 3263), which come with a resolver of our own.

use std::net::IpAddr;
use std::time::Duration;

use siplet_container::io::Query;

/// The addresses of the wanted family, in the resolver's order, each once; none when there is none or time is up.
pub(crate) async fn resolve(query: &Query, timeout: Duration) -> Vec<IpAddr> {
    let lookup = tokio::net::lookup_host((query.host.as_str(), 0));
    let Ok(Ok(found)) = tokio::time::timeout(timeout, lookup).await else {
        return Vec::new();
    };
    let mut addresses = Vec::new();
    for address in found.map(|address| address.ip()).filter(|ip| ip.is_ipv6() == query.ipv6) {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    addresses
}
