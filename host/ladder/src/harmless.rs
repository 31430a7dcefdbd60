//! Foreign text on a terminal: what peers and guests wrote can neither move the cursor, nor hide, nor reorder what stands
//! beside it.
//!
//! Control characters (also those of C1), characters without a picture of their own and the ones that change the
//! direction of text (Unicode's bidirectional controls) become `?`, a line break a space. At most two marks are stacked
//! over a letter. Letters of scripts that are written from right to left stay: they are somebody's name.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Marks over one letter; more of them only cover the lines around.
const MARKS_MAX: usize = 2;

/// The text as it may stand in a line.
#[must_use]
pub fn harmless(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut marks = 0;
    for letter in text.chars() {
        match letter {
            '\t' | '\n' | '\r' => clean.push(' '),
            _ if is_hidden(letter) => clean.push('?'),
            _ => match letter.width() {
                None => clean.push('?'),
                // A mark without a letter before it would sit on whatever stands left of the text.
                Some(0) if clean.is_empty() => clean.push('?'),
                Some(0) => {
                    marks += 1;
                    if marks <= MARKS_MAX {
                        clean.push(letter);
                    }
                    continue;
                }
                Some(_) => clean.push(letter),
            },
        }
        marks = 0;
    }
    clean
}

/// Bytes of a message as text: what is not UTF-8 becomes the replacement character, then as [`harmless`].
#[must_use]
pub fn harmless_bytes(bytes: &[u8]) -> String {
    harmless(&String::from_utf8_lossy(bytes))
}

/// Characters that have no picture, or that change the order of others.
const fn is_hidden(letter: char) -> bool {
    matches!(letter,
        // soft hyphen, Arabic letter mark, Mongolian separator, Hangul fillers
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}'
        // zero width and directions
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        // byte order mark, interlinear notes, tags, private planes of no known picture
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Columns that a text takes on a terminal.
#[must_use]
pub fn width(text: &str) -> usize {
    text.width()
}

/// The text in at most so many columns: its beginning and `..` where it is longer.
#[must_use]
pub fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let dots = columns.min(2);
    let mut short =
        if columns > dots { first_columns(text, columns - dots).to_owned() } else { String::new() };
    short.push_str(&".."[..dots]);
    short
}

/// The text in lines of at most so many columns, broken between words where that is possible; at most `lines_max` lines,
/// the last one cut.
#[must_use]
pub fn wrap(text: &str, columns: usize, lines_max: usize) -> Vec<String> {
    let columns = columns.max(4);
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let mut word = word;
        loop {
            let full = lines.len();
            let Some(line) = lines.last_mut() else { return lines };
            let space = usize::from(!line.is_empty());
            if width(line) + space + width(word) <= columns {
                if space > 0 {
                    line.push(' ');
                }
                line.push_str(word);
                break;
            }
            if full >= lines_max {
                *line = cut(&format!("{line} {word}"), columns.max(width(line)));
                if !line.ends_with("..") {
                    *line = cut(&format!("{line}   "), columns);
                }
                return lines;
            }
            if line.is_empty() {
                let head = first_columns(word, columns);
                line.push_str(head);
                word = &word[head.len()..];
            }
            lines.push(String::new());
        }
    }
    lines
}

/// The beginning of a text that fits so many columns, never half a letter; at least one letter, so that whoever takes a
/// text apart comes to its end.
fn first_columns(text: &str, columns: usize) -> &str {
    let mut taken = 0;
    for (at, letter) in text.char_indices() {
        taken += letter.width().unwrap_or(0);
        if taken > columns && at > 0 {
            return &text[..at];
        }
    }
    text
}
