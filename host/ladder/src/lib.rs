//! The picture of a call: who sent what to whom, in order, with participants as columns.
//!
//! One model and one renderer for `siplet call`, `siplet dev`, `siplet trace`, tests that fail and records: the same
//! picture everywhere. A [`Ladder`] is participants and [`Row`]s, a value that also travels as JSON; a [`Painter`] draws
//! it row by row, and [`Ladder::draw`] is that painter over all rows, so a live ladder and one that was kept look the
//! same.
//!
//! Pure: no clock, terminal or file. Whatever a peer or a guest wrote is made harmless before it is drawn
//! ([`harmless`](mod@harmless)), and no line is wider than the [`Options`] allow. What is deliberately not here: SIP. Who
//! fills a ladder says what stands on an arrow.
//!
//! [`steps`] fills a ladder from what the container tells of its steps, [`live`] draws many calls as they come. Start reading at [`model`], then [`paint`].
#![forbid(unsafe_code)]

mod canvas;
mod fold;
pub mod harmless;
mod lanes;
mod line;
pub mod live;
pub mod model;
pub mod paint;
mod spoken;
pub mod steps;
#[cfg(test)]
mod tests;
mod whole;

pub use line::Line;
pub use model::{Change, Ending, Ladder, Level, Participant, Role, Row, Timer, What};
pub use paint::{Form, Options, Painter};
pub use spoken::spoken;
