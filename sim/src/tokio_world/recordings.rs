//! What the adapter's core was told and said, life by life.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use fivewire_tokio::Recording;

/// One recording for each life of the device, where they are wanted.
#[derive(Default)]
pub(super) struct Recordings {
    pub(super) are_wanted: bool,
    lives: Vec<Tape>,
}

/// Bytes that are still read when their writer is gone.
#[derive(Clone, Default)]
struct Tape(Arc<Mutex<Vec<u8>>>);

impl Recordings {
    /// That of the life that begins.
    pub(super) fn begin(&mut self) -> Option<Recording> {
        if !self.are_wanted {
            return None;
        }
        let tape = Tape::default();
        self.lives.push(tape.clone());
        Some(Recording::new(tape).with_payloads())
    }

    /// All of them, one behind the other: each begins with its machine's settings.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let lives = self.lives.iter();
        lives
            .flat_map(|Tape(tape)| tape.lock().unwrap_or_else(PoisonError::into_inner).clone())
            .collect()
    }
}

impl Write for Tape {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
