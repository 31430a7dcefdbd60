//! Stands for [`screen`](super) where the program was built without the feature `screen`: there are lines only.

pub(super) mod terminal {
    use std::io;

    use super::super::state::{Event, State};

    /// A terminal that cannot be had.
    #[derive(Debug)]
    pub(in crate::dev) enum Screen {}

    impl Screen {
        /// True when a screen can be had at all.
        pub(in crate::dev) const IS_THERE: bool = false;

        /// Refuses.
        ///
        /// # Errors
        /// Always.
        pub(in crate::dev) fn open(_: impl Fn(Event) -> bool + Send + 'static) -> io::Result<Self> {
            Err(io::Error::other("this siplet was built without its screen: use --plain"))
        }

        /// Never called.
        ///
        /// # Errors
        /// None.
        pub(in crate::dev) fn show(&mut self, _: &State) -> io::Result<()> {
            match *self {}
        }
    }
}
