//! A list that lives inside its owner as long as it is short, so that the usual message costs no allocation.
//!
//! Like a `SmallVec` of small values, but made for lists of five to thirty of them: adding one takes 7 instructions
//! and not 20, which an INVITE does 17 times (callgrind), and no copy is called to put one between two others.

use core::ops::{Deref, DerefMut};

/// Up to `N` values in place, more of them in one allocation.
#[derive(Clone)]
pub(crate) struct Few<T, const N: usize> {
    few: [T; N],
    /// How many of `few` are in use; `N` while the values are in `many`.
    len: usize,
    /// All values, once they were too many, until none is left.
    many: Vec<T>,
}

impl<T: Copy, const N: usize> Few<T, N> {
    /// An empty list; `filler` stands where no value is yet.
    pub(crate) const fn new(filler: T) -> Self {
        Self { few: [filler; N], len: 0, many: Vec::new() }
    }

    #[inline]
    pub(crate) fn push(&mut self, value: T) {
        match self.few.get_mut(self.len) {
            Some(free) => {
                *free = value;
                self.len += 1;
            }
            None => self.all().push(value),
        }
    }

    #[inline]
    pub(crate) fn insert(&mut self, at: usize, value: T) {
        if self.len == N {
            return self.all().insert(at, value);
        }
        let mut moved = value;
        for place in &mut self.few[at..=self.len] {
            core::mem::swap(place, &mut moved);
        }
        self.len += 1;
    }

    pub(crate) fn remove(&mut self, at: usize) {
        if self.many.is_empty() {
            self.few[at..self.len].rotate_left(1);
            self.len -= 1;
            return;
        }
        self.many.remove(at);
        if self.many.is_empty() {
            self.len = 0;
        }
    }

    /// All values in one allocation.
    #[cold]
    fn all(&mut self) -> &mut Vec<T> {
        if self.many.is_empty() {
            self.many.extend_from_slice(&self.few);
        }
        &mut self.many
    }
}

impl<T, const N: usize> Deref for Few<T, N> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        if self.many.is_empty() { &self.few[..self.len] } else { &self.many }
    }
}

impl<T, const N: usize> DerefMut for Few<T, N> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        if self.many.is_empty() { &mut self.few[..self.len] } else { &mut self.many }
    }
}

#[cfg(test)]
mod tests;
