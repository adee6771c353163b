//! Recordings of a client, for `fivewire replay`.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fivewire_core::recorder::{Payloads, Recorder, Sink};

/// Where one client's calls are recorded: everything that its core was told and said, in the format
/// that [`fivewire_core::recorder`] describes. `fivewire replay FILE` plays it again.
///
/// ```no_run
/// use std::fs::File;
/// use fivewire_tokio::{Config, Recording};
///
/// # fn main() -> std::io::Result<()> {
/// let recording = Recording::new(File::create("greenhouse-7.fwrec")?);
/// let config = Config::new("greenhouse-7").broker("broker.example").record(recording.clone());
/// # Ok(()) }
/// ```
///
/// Passwords are never in it, payloads only [`with_payloads`](Self::with_payloads). It is whole once
/// the client was [shut down](crate::Client::shutdown) or dropped; a process that dies leaves one that is
/// cut off, which can be replayed up to there.
#[derive(Clone)]
pub struct Recording {
    shared: Arc<Mutex<Shared>>,
    payloads: Payloads,
}

struct Shared {
    /// Until the client has it.
    writer: Option<Box<dyn Write + Send>>,
    failure: Option<Arc<str>>,
}

impl Recording {
    /// Records into `writer`, in many small writes, which it gathers. It is written to from the
    /// client's task, so it should not block for long: a file or memory, not a connection.
    #[must_use]
    pub fn new(writer: impl Write + Send + 'static) -> Self {
        let writer: Box<dyn Write + Send> = Box::new(io::BufWriter::new(writer));
        let random = RandomState::new();
        Self {
            shared: Arc::new(Mutex::new(Shared { writer: Some(writer), failure: None })),
            payloads: Payloads::Disguised { key: [random.hash_one(0), random.hash_one(1)] },
        }
    }

    /// Records payloads as they are. Default: bytes of the same number stand for them.
    #[must_use]
    pub const fn with_payloads(mut self) -> Self {
        self.payloads = Payloads::Kept;
        self
    }

    /// Why recording ended early, if it did. The client goes on without it.
    #[must_use]
    pub fn failure(&self) -> Option<Arc<str>> {
        self.lock().failure.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The recorder of one client. `None` if another one has it.
    pub(crate) fn recorder(&self) -> Option<Recorder<Tape>> {
        let writer = self.lock().writer.take()?;
        let tape = Tape { writer: Some(writer), recording: self.clone() };
        Some(Recorder::new(tape, self.payloads))
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recording").field("failure", &self.failure()).finish_non_exhaustive()
    }
}

/// A client's end of a [`Recording`].
pub(crate) struct Tape {
    /// Until writing fails.
    writer: Option<Box<dyn Write + Send>>,
    recording: Recording,
}

impl Tape {
    fn attempt(&mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
        let Some(writer) = &mut self.writer else { return };
        if let Err(error) = write(writer) {
            self.writer = None;
            self.recording.lock().failure = Some(Arc::from(error.to_string()));
        }
    }
}

impl Sink for Tape {
    fn write(&mut self, bytes: &[u8]) {
        self.attempt(|writer| writer.write_all(bytes));
    }

    fn end(&mut self) {
        self.attempt(|writer| writer.flush());
    }
}
