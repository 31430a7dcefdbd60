//! Rules of a turn.
