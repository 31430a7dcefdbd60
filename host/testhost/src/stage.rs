//! The host's side of a test kit: requests of `siplet-test-protocol` in, answers out.
//!
//! A [`Stage`] holds one world at a time, or two of one seed side by side: in one an instance of a servlet serves turn
//! after turn, in the other each turn has a new one. Each request is done in both (`stage::play`), what they did is
//! compared fact by fact (`stage::facts`), and where they part the error says at which handler (`stage::parted`).
//! Lines, pipes and processes are the business of whoever owns the stage.

mod facts;
mod notice;
mod orders;
mod parted;
mod play;
mod shelf;

use siplet_container::app::InstanceMode;
use siplet_test_protocol::{Answer, Deployed, Error, ErrorKind, Hello, Modes, Outcome, PROTOCOL, Request};

use play::Play;
use shelf::Shelf;

/// Answers the requests of one test kit.
pub struct Stage {
    shelf: Shelf,
    siplet: String,
    greeted: bool,
    first: Option<Play>,
    /// The same world with new instances, until the two part.
    second: Option<Play>,
}

impl Stage {
    /// A stage of that version of siplet. Compiled code is kept in `code_cache`, if there is one.
    #[must_use]
    pub fn new(siplet: &str, code_cache: Option<std::path::PathBuf>) -> Self {
        Self {
            shelf: Shelf::new(code_cache),
            siplet: siplet.to_owned(),
            greeted: false,
            first: None,
            second: None,
        }
    }

    /// Does what a kit asks for.
    ///
    /// # Errors
    /// Why it was not done; the world is as it was, but for [`ErrorKind::Parted`].
    pub fn handle(&mut self, request: &Request) -> Result<Answer, Error> {
        match request {
            Request::Hello { protocol } => self.hello(*protocol),
            _ if !self.greeted => Err(error(ErrorKind::Request, "the first request is a `hello`")),
            Request::Begin { seed, start_s, modes } => {
                let play = |mode| Play::new(*seed, *start_s, mode);
                self.first = Some(play(match modes {
                    Modes::Both | Modes::Reused => InstanceMode::Reused,
                    Modes::Fresh => InstanceMode::Fresh,
                }));
                self.second = (*modes == Modes::Both).then(|| play(InstanceMode::Fresh));
                Ok(Answer::default())
            }
            Request::Deploy { file, settings_file, settings, init } => {
                let servlet = self.shelf.load(file, settings_file.as_deref(), settings, init)?;
                let deployed = deployed(&servlet);
                self.in_both(|play| {
                    play.deploy(&servlet);
                    Ok(Some(Outcome::Deployed(deployed.clone())))
                })
            }
            order => self.in_both(|play| play.order(order)),
        }
    }

    fn hello(&mut self, protocol: u32) -> Result<Answer, Error> {
        if protocol != PROTOCOL {
            return Err(error(
                ErrorKind::Protocol,
                format!(
                    "siplet {} speaks version {PROTOCOL} of the test protocol, and this test kit version {protocol}: \
                     use the test kit and the siplet of one release",
                    self.siplet
                ),
            ));
        }
        self.greeted = true;
        let hello = Hello { protocol: PROTOCOL, siplet: self.siplet.clone() };
        Ok(Answer { result: Some(Outcome::Hello(hello)), ..Answer::default() })
    }

    /// Does it in the first world and then in the second, and compares.
    fn in_both(
        &mut self,
        act: impl Fn(&mut Play) -> Result<Option<Outcome>, Error>,
    ) -> Result<Answer, Error> {
        let first =
            self.first.as_mut().ok_or_else(|| error(ErrorKind::Order, "there is no world yet: `begin`"))?;
        let done = first.play(&act);
        if let Some(second) = &mut self.second {
            let again = second.play(&act);
            if let Some(text) = parted::compare(first, second, done.as_ref().ok(), again.as_ref().ok()) {
                self.second = None;
                return Err(error(ErrorKind::Parted, text));
            }
            first.forget_facts();
            second.forget_facts();
        }
        done
    }
}

fn deployed(servlet: &siplet_wasm::Servlet) -> Deployed {
    let application = servlet.application();
    let has = |handler: &siplet_container::app::Handler| application.handlers.has(*handler);
    Deployed {
        name: application.id.name.to_string(),
        version: application.descriptor.version.clone(),
        digest: format!("{:06x}", application.id.digest >> 40),
        handlers: siplet_container::app::Handler::ALL
            .iter()
            .copied()
            .filter(has)
            .map(|handler| handler.name().to_owned())
            .collect(),
        distributable: application.descriptor.distributable,
    }
}

fn error(kind: ErrorKind, text: impl Into<String>) -> Error {
    Error { kind, text: text.into() }
}

#[cfg(test)]
mod tests;
