//! A drawn line: pieces of text with what they are, printed with or without colours.

use anstyle::{AnsiColor, Style};

/// What a piece of a line is, which decides its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paint {
    /// Blanks and plain words.
    Plain,
    /// The line of a participant, the shaft of an arrow.
    Bar,
    /// The name of a participant.
    Name,
    /// A request.
    Request,
    /// A provisional response.
    Provisional,
    /// A 2xx.
    Success,
    /// A redirection or a failure.
    Failure,
    /// What a servlet did.
    Servlet,
    /// What went wrong in it.
    Error,
    /// Time that passed, rows that are left out.
    Gap,
    /// A mark for the reader.
    Mark,
}

impl Paint {
    const fn style(self) -> Style {
        let style = Style::new();
        match self {
            Self::Plain => style,
            Self::Bar | Self::Gap => style.dimmed(),
            Self::Name => style.bold(),
            Self::Request => style.fg_color(Some(anstyle::Color::Ansi(AnsiColor::Blue))).bold(),
            Self::Provisional => style.fg_color(Some(anstyle::Color::Ansi(AnsiColor::Cyan))),
            Self::Success => style.fg_color(Some(anstyle::Color::Ansi(AnsiColor::Green))),
            Self::Failure => style.fg_color(Some(anstyle::Color::Ansi(AnsiColor::Yellow))).bold(),
            Self::Servlet => style.fg_color(Some(anstyle::Color::Ansi(AnsiColor::Magenta))),
            Self::Error | Self::Mark => style.fg_color(Some(anstyle::Color::Ansi(AnsiColor::Red))).bold(),
        }
    }

    /// What a label on an arrow is: a response begins with its status.
    pub(crate) fn of_label(label: &str) -> Self {
        let mut bytes = label.bytes();
        match (bytes.next(), bytes.next(), bytes.next(), bytes.next()) {
            (Some(class @ b'1'..=b'6'), Some(b'0'..=b'9'), Some(b'0'..=b'9'), None | Some(b' ')) => {
                match class {
                    b'1' => Self::Provisional,
                    b'2' => Self::Success,
                    _ => Self::Failure,
                }
            }
            _ => Self::Request,
        }
    }
}

/// One line of a drawn ladder, without its line break.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    pieces: Vec<(Paint, String)>,
}

impl Line {
    /// Adds a letter, or several, behind the line.
    pub(crate) fn push(&mut self, paint: Paint, text: &str) {
        match self.pieces.last_mut() {
            Some((last, piece)) if *last == paint => piece.push_str(text),
            Some(_) | None => self.pieces.push((paint, text.to_owned())),
        }
    }

    /// The line as text; with colours as a terminal understands them (ANSI) where `colour` is true.
    #[must_use]
    pub fn text(&self, colour: bool) -> String {
        let mut text = String::new();
        for (paint, piece) in &self.pieces {
            let style = paint.style();
            if colour && style != Style::new() && !piece.trim().is_empty() {
                text.push_str(&style.render().to_string());
                text.push_str(piece);
                text.push_str(&style.render_reset().to_string());
            } else {
                text.push_str(piece);
            }
        }
        text
    }
}
