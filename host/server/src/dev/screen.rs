//! The terminal: what a frame looks like, and the keys.
//!
//! A frame is drawn from [`State`] alone. At 80 columns and 24 lines everything has its place; a build that failed gets
//! half of the height, because it is what its reader wants to see.

pub(super) mod terminal;
#[cfg(test)]
mod tests;

use ansi_to_tui::IntoText as _;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Block, Borders, Paragraph};

use super::state::calls::Call;
use super::state::{Entry, Kind, State, Work, seconds};

/// Columns of the list of calls.
const LIST: u16 = 26;
/// Lines of what was told, when nothing is wrong, with their frame.
const TOLD: u16 = 7;

/// Draws everything.
pub(super) fn draw(state: &State, frame: &mut Frame<'_>) {
    let area = frame.area();
    let told = if state.broken.is_some() { area.height / 2 } else { TOLD };
    let rows = [Constraint::Length(1), Constraint::Min(3), Constraint::Length(told), Constraint::Length(1)];
    let [head, middle, bottom, foot] = Layout::vertical(rows).areas(area);
    let [list, ladder] = Layout::horizontal([Constraint::Length(LIST), Constraint::Min(20)]).areas(middle);
    draw_head(state, frame, head);
    draw_list(state, frame, list);
    draw_ladder(state, frame, ladder);
    draw_told(state, frame, bottom);
    frame.render_widget(Line::styled(keys(state), dim()), foot);
}

fn dim() -> Style {
    Style::new().add_modifier(Modifier::DIM)
}

fn draw_head(state: &State, frame: &mut Frame<'_>, area: Rect) {
    let version = match state.short() {
        Some(version) => Span::styled(version.to_owned(), Style::new().fg(Color::Green)),
        None => Span::raw(format!("{}, not live yet", state.name)),
    };
    let mut head = Line::from(vec![Span::raw("siplet dev  "), version]);
    head.push_span(Span::raw(format!("   sip {}", state.listens)));
    frame.render_widget(head, area);
}

fn draw_list(state: &State, frame: &mut Frame<'_>, area: Rect) {
    let paused = if state.calls.is_paused() { " paused " } else { " calls " };
    let block = Block::new().borders(Borders::TOP | Borders::RIGHT).title(paused);
    let height = usize::from(block.inner(area).height);
    let shown = state.calls.shown();
    let calls: Vec<&Call> = state.calls.iter().collect();
    // The shown call is always in sight, the latest where there is room.
    let end = calls.len().min(shown.map_or(0, |shown| (shown + 1).max(height)));
    let begin = end.saturating_sub(height);
    let lines = calls[begin..end].iter().zip(begin..).map(|(call, place)| {
        let style =
            if Some(place) == shown { Style::new().add_modifier(Modifier::REVERSED) } else { Style::new() };
        Line::styled(format!("{:<4}{}", call.standing, call.title), style)
    });
    frame.render_widget(Paragraph::new(lines.collect::<Vec<_>>()).block(block), area);
}

fn draw_ladder(state: &State, frame: &mut Frame<'_>, area: Rect) {
    let block = Block::new().borders(Borders::TOP);
    let inner = block.inner(area);
    let call = state.calls.shown().and_then(|shown| state.calls.iter().nth(shown));
    let text = match (call, &state.example) {
        (Some(call), _) => {
            let mut ladder = coloured(&call.draw(usize::from(inner.width), true));
            // Of a long call the end is what goes on.
            let above = ladder.lines.len().saturating_sub(usize::from(inner.height));
            ladder.lines.drain(..above);
            ladder
        }
        (None, Some(example)) => {
            let hint = format!("\n no call yet; press t, or in another terminal:\n\n   {example}");
            Text::styled(hint, dim())
        }
        (None, None) => Text::default(),
    };
    frame.render_widget(Paragraph::new(text).block(block), area);
}

fn draw_told(state: &State, frame: &mut Frame<'_>, area: Rect) {
    let (title, style) = title(state);
    let block = Block::new().borders(Borders::TOP).title(Span::styled(format!(" {title} "), style));
    let height = usize::from(block.inner(area).height);
    let text = match &state.broken {
        // The first error is the one to mend.
        Some(broken) => coloured(broken),
        None => latest(state, height),
    };
    frame.render_widget(Paragraph::new(text).block(block), area);
}

/// The work in a few words, and how they look.
fn title(state: &State) -> (String, Style) {
    let plain = Style::new();
    match &state.work {
        _ if state.stopping => ("stopping".to_owned(), plain.fg(Color::Yellow)),
        Work::Building { since, doing, .. } => {
            let time = seconds(state.now.saturating_sub(*since));
            let doing = if doing.is_empty() { String::new() } else { format!(": {doing}") };
            (format!("building {time}{doing}"), plain.fg(Color::Yellow))
        }
        Work::Deploying { .. } => ("deploying".to_owned(), plain.fg(Color::Yellow)),
        Work::Idle if state.broken.is_some() => {
            let keeps =
                state.short().map_or_else(String::new, |version| format!("; {version} keeps serving"));
            (format!("not built{keeps}"), plain.fg(Color::Red))
        }
        Work::Idle => ("saves are built".to_owned(), plain),
    }
}

/// The last lines that were told.
fn latest(state: &State, height: usize) -> Text<'static> {
    let mut lines: Vec<Line<'static>> = Vec::new();
    for entry in state.entries.iter().rev() {
        lines.extend(entry_lines(entry).lines.into_iter().rev());
        if lines.len() >= height {
            break;
        }
    }
    lines.truncate(height);
    lines.reverse();
    Text::from(lines)
}

fn entry_lines(entry: &Entry) -> Text<'static> {
    match entry.kind {
        Kind::Compiler => coloured(&entry.text),
        Kind::Note => Text::styled(entry.text.clone(), dim()),
        Kind::Good => Text::styled(entry.text.clone(), Style::new().fg(Color::Green)),
        Kind::Bad => Text::styled(entry.text.clone(), Style::new().fg(Color::Red)),
        Kind::Log | Kind::Ladder => Text::raw(entry.text.clone()),
    }
}

/// Text with the colours that a compiler has put into it.
fn coloured(text: &str) -> Text<'static> {
    text.into_text().unwrap_or_else(|_| Text::raw(text.to_owned()))
}

fn keys(state: &State) -> String {
    if state.stopping {
        return "waiting for live calls; q ends at once".to_owned();
    }
    let pause = if state.calls.is_paused() { "go on" } else { "pause" };
    format!("q quit   up/down choose a call   p {pause}   c clear   t place a test call")
}
