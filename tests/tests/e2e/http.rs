//! The read-only HTTP listener as a scraper sees it.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(10);

/// An answer: status and body; none when nobody is there.
pub(crate) fn ask(method: &str, address: SocketAddr, path: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT).ok()?;
    stream.set_read_timeout(Some(TIMEOUT)).ok()?;
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
}

/// The metrics of one moment, by name with labels as they stand on the page.
#[derive(Debug, Clone)]
pub(crate) struct Metrics(BTreeMap<String, f64>);

impl Metrics {
    /// Reads the text exposition format.
    pub(crate) fn parse(page: &str) -> Self {
        let samples = page.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
        let read = |line: &str| {
            let (name, value) = line.rsplit_once(' ')?;
            Some((name.to_owned(), value.parse().ok()?))
        };
        Self(samples.map(|line| read(line).unwrap_or_else(|| panic!("no sample: {line}"))).collect())
    }

    /// The value of one sample.
    pub(crate) fn value(&self, name: &str) -> f64 {
        *self.0.get(name).unwrap_or_else(|| panic!("/metrics has no {name}:\n{:#?}", self.0))
    }

    /// The sum of all samples of a family that have this label.
    pub(crate) fn sum(&self, family: &str, label: &str) -> f64 {
        let of_family = |name: &str| name.split('{').next() == Some(family) && name.contains(label);
        self.0.iter().filter(|(name, _)| of_family(name)).map(|(_, value)| value).sum()
    }

    /// Rows of every table of the container.
    pub(crate) fn tables(&self) -> BTreeMap<String, u64> {
        let rows = self.0.iter().filter(|(name, _)| name.starts_with("siplet_table_rows{"));
        rows.map(|(name, rows)| (name.clone(), *rows as u64)).collect()
    }
}
