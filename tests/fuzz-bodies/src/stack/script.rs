//! The input as a program: octets taken one after the other.

/// What is left of the program.
#[derive(Debug)]
pub(super) struct Script {
    octets: Vec<u8>,
    at: usize,
}

impl Script {
    /// A program at its start.
    pub(super) fn new(data: &[u8]) -> Self {
        Self { octets: data.to_vec(), at: 0 }
    }

    /// The next octet; `None` at the end.
    pub(super) fn octet(&mut self) -> Option<u8> {
        let octet = self.octets.get(self.at).copied();
        self.at += usize::from(octet.is_some());
        octet
    }

    /// The next octet; 0 at the end.
    pub(super) fn number(&mut self) -> u8 {
        self.octet().unwrap_or(0)
    }

    /// The next octets, as many as there are.
    pub(super) fn take(&mut self, length: usize) -> &[u8] {
        let from = self.at;
        self.at = (from + length).min(self.octets.len());
        &self.octets[from..self.at]
    }
}
