//! `host durable parked-units=2`: settings of the host, before its first application is deployed.

use std::time::Duration;

use siplet_container::config::Secret;

use crate::text::duration;

use super::super::{Command, Stage};

pub(super) fn run(stage: &mut Stage, command: &Command) -> Result<(), String> {
    let config = &mut stage.world.host.config;
    for word in command.words.iter().skip(1) {
        match word.as_str() {
            "durable" => config.durable = true,
            other => return Err(format!("a host has no setting `{other}`")),
        }
    }
    // Exact times read better than slots; those are tested where they are.
    config.timer_slot = Duration::from_millis(1);
    config.lazy_timer_slot = Duration::from_millis(1);
    for (option, value) in &command.options {
        let number = || value.parse::<usize>().map_err(|_| format!("`{value}` is no number"));
        match option.as_str() {
            "sessions" => config.limits.sessions = number()?,
            "upgrade-sessions" => config.limits.upgrade_sessions = number()?,
            "parked-units" => config.limits.parked_units = number()?,
            "store-attempts" => {
                config.limits.store_attempts = u32::try_from(number()?).map_err(|_| "too many")?;
            }
            "invite-unanswered" => config.limits.invite_unanswered = duration(value)?,
            "message-bytes" => config.limits.message.message_bytes = number()?,
            "loading-packets" => config.limits.loading_packets = number()?,
            "secret" => {
                config.previous_secret = None;
                config.secret = secret(value)?;
            }
            "new-secret" => {
                config.previous_secret = Some(config.secret);
                config.secret = secret(value)?;
            }
            "dns" => {
                stage.world.host.dns_us =
                    u64::try_from(duration(value)?.as_micros()).map_err(|_| "too long")?;
            }
            other => return Err(format!("a host has no setting `{other}`")),
        }
    }
    Ok(())
}

fn secret(text: &str) -> Result<Secret, String> {
    text.parse().map(|byte| Secret([byte; 16])).map_err(|_| format!("`{text}` is no byte"))
}
