//! The terminal itself: its alternate screen, and a thread that reads its keys.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event as Input, KeyCode, KeyEventKind, KeyModifiers};

use super::super::state::{Event, Key, State};

/// How often the thread of the keys looks whether it shall end.
const LOOK: Duration = Duration::from_millis(200);

/// A terminal that shows frames; it is as before when this goes.
#[derive(Debug)]
pub(in crate::dev) struct Screen {
    terminal: DefaultTerminal,
    ended: Arc<AtomicBool>,
}

impl Screen {
    /// True when a screen can be had at all.
    pub(in crate::dev) const IS_THERE: bool = true;

    /// Takes the terminal. `tell` gets the keys, and says whether anybody still listens.
    ///
    /// # Errors
    /// It is no terminal that can show this.
    pub(in crate::dev) fn open(tell: impl Fn(Event) -> bool + Send + 'static) -> io::Result<Self> {
        let terminal = ratatui::try_init()?;
        let ended = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&ended);
        std::thread::Builder::new().name("keys".to_owned()).spawn(move || {
            while !seen.load(Ordering::Relaxed) {
                let heard = event::poll(LOOK).and_then(|there| there.then(event::read).transpose());
                match heard {
                    Ok(Some(input)) => {
                        if meant(&input).is_some_and(|event| !tell(event)) {
                            return;
                        }
                    }
                    Ok(None) => {}
                    Err(_) => return,
                }
            }
        })?;
        Ok(Self { terminal, ended })
    }

    /// Shows how things are.
    ///
    /// # Errors
    /// The terminal is gone.
    pub(in crate::dev) fn show(&mut self, state: &State) -> io::Result<()> {
        self.terminal.draw(|frame| super::draw(state, frame)).map(|_| ())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        ratatui::restore();
    }
}

/// What a key means; most mean nothing.
fn meant(input: &Input) -> Option<Event> {
    let key = match input {
        Input::Resize(..) => return Some(Event::Resized),
        Input::Key(key) if key.kind != KeyEventKind::Release => key,
        Input::Key(_) | Input::FocusGained | Input::FocusLost | Input::Mouse(_) | Input::Paste(_) => {
            return None;
        }
    };
    let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
    #[expect(clippy::wildcard_enum_match_arm, reason = "the keys of a keyboard are not ours")]
    let key = match key.code {
        KeyCode::Char('c') if is_control => Key::Quit,
        KeyCode::Char('q') => Key::Quit,
        KeyCode::Char('p') => Key::Pause,
        KeyCode::Char('c') => Key::Clear,
        KeyCode::Char('t') => Key::Call,
        KeyCode::Up | KeyCode::Char('k') => Key::Up,
        KeyCode::Down | KeyCode::Char('j') => Key::Down,
        _ => return None,
    };
    Some(Event::Key(key))
}
