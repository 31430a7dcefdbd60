//! Opening hours on a clock that is a fixed offset from UTC.

use siplet::prelude::*;

const MINUTES_A_DAY: u32 = 24 * 60;

/// When somebody is there, every day.
#[derive(Debug)]
pub struct Hours {
    /// Minutes of the local day; `until` is not included and may be before `from`: then the night is open.
    from: u32,
    until: u32,
    /// Minutes that the local clock is ahead of UTC, 0 to 1439; behind is a day less something.
    ahead: u32,
}

impl Hours {
    /// Reads `09:00-18:00` and `+01:00`.
    pub fn read(open: &str, offset: &str) -> Result<Self> {
        let Some((from, until)) = open.split_once('-') else {
            fail!("opening hours are written as 09:00-18:00, not {open:?}");
        };
        let minutes = match offset.strip_prefix('-') {
            Some(behind) => MINUTES_A_DAY - minutes_of(behind)?,
            None => minutes_of(offset.strip_prefix('+').unwrap_or(offset))?,
        };
        Ok(Self { from: minutes_of(from)?, until: minutes_of(until)?, ahead: minutes % MINUTES_A_DAY })
    }

    /// Whether somebody is there at that time.
    pub fn are_open(&self, now: Time) -> bool {
        let utc = (now.as_millis() / 60_000 % u64::from(MINUTES_A_DAY)) as u32;
        let local = (utc + self.ahead) % MINUTES_A_DAY;
        if self.from <= self.until {
            (self.from..self.until).contains(&local)
        } else {
            local >= self.from || local < self.until
        }
    }
}

/// `09:30` as minutes since midnight; 24:00 is the end of the day.
fn minutes_of(clock: &str) -> Result<u32> {
    let Some((hours, minutes)) = clock.trim().split_once(':') else {
        fail!("a time is written as 09:30, not {clock:?}");
    };
    let (hours, minutes): (u32, u32) = (hours.parse()?, minutes.parse()?);
    if minutes > 59 || hours * 60 + minutes > MINUTES_A_DAY {
        fail!("{clock:?} is no time of a day");
    }
    Ok(hours * 60 + minutes)
}
