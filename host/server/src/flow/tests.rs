use super::*;

const TCP: Transport = Transport::Tcp;

fn remote(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn flows(connections_max: usize, per_ip_max: usize) -> Flows<&'static str> {
    Flows::new(3, Time::from_micros(1_000_000), connections_max, per_ip_max)
}

#[test]
fn the_newest_connection_to_a_far_end_is_used_again() {
    let mut flows = flows(10, 10);
    let first = flows.admit(TCP, remote("10.0.0.1:5060"), "first").unwrap();
    let second = flows.admit(TCP, remote("10.0.0.1:5060"), "second").unwrap();
    assert_eq!(flows.to(TCP, remote("10.0.0.1:5060")), Some(second));
    assert_eq!(flows.to(Transport::Tls, remote("10.0.0.1:5060")), None);
    assert_eq!(flows.remove(first), Some("first"));
    assert_eq!(flows.to(TCP, remote("10.0.0.1:5060")), Some(second), "the older one's end does not hide it");
    flows.retire(second);
    assert_eq!((flows.to(TCP, remote("10.0.0.1:5060")), flows.get(second)), (None, Some(&"second")));
}

#[test]
fn ids_name_their_shard_and_never_come_again_after_a_restart() {
    let mut before = flows(10, 10);
    let old = before.admit(TCP, remote("10.0.0.1:1"), "").unwrap();
    assert_eq!(Flows::<&str>::shard_of(old), 3);
    let mut after: Flows<&str> = Flows::new(0, Time::from_micros(1_000_001), 10, 10);
    assert!(after.admit(TCP, remote("10.0.0.1:1"), "").unwrap() > old);
}

#[test]
fn limits_count_all_connections_and_those_of_one_address() {
    let mut flows = flows(3, 2);
    let first = flows.admit(TCP, remote("10.0.0.1:1"), "").unwrap();
    flows.admit(TCP, remote("10.0.0.1:2"), "").unwrap();
    assert_eq!(flows.admit(TCP, remote("10.0.0.1:3"), ""), Err(Full::ConnectionsPerIp));
    flows.admit(TCP, remote("[::1]:1"), "").unwrap();
    assert_eq!(flows.admit(TCP, remote("10.0.0.2:1"), ""), Err(Full::Connections));
    flows.remove(first);
    flows.admit(TCP, remote("10.0.0.1:3"), "").unwrap();
    assert_eq!(flows.remove(first), None, "removed twice, counted once");
    assert_eq!(flows.len(), 3);
}
