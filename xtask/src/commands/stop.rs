//! Ctrl-C and SIGTERM as an event to wait for.

use std::sync::mpsc::{self, Receiver};
use std::thread;

use anyhow::Result;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// From now on these signals do not end the program: `on_stop` is called for the first, and later ones are ignored.
pub(crate) fn listen(on_stop: impl FnOnce() + Send + 'static) -> Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    thread::spawn(move || {
        if signals.forever().next().is_some() {
            on_stop();
        }
    });
    Ok(())
}

/// The same as a channel: it gets one message.
pub(crate) fn listen_on_channel() -> Result<Receiver<()>> {
    let (sender, receiver) = mpsc::channel();
    listen(move || {
        // A receiver that has gone wants to know nothing.
        let _ = sender.send(());
    })?;
    Ok(receiver)
}
