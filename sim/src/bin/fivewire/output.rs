//! Where results and complaints go.

use std::io::{self, ErrorKind, StdoutLock, Write};

/// Standard output, for results. Once its reader is gone (`| head`) the rest is dropped in silence:
/// the exit code still tells the verdict.
pub(crate) struct Output {
    stream: io::BufWriter<StdoutLock<'static>>,
    reader_gone: bool,
}

impl Output {
    pub(crate) fn new() -> Self {
        Self { stream: io::BufWriter::new(io::stdout().lock()), reader_gone: false }
    }

    /// Writes a text.
    ///
    /// # Errors
    /// What the operating system said, for example that the disk is full.
    pub(crate) fn print(&mut self, text: &str) -> io::Result<()> {
        if self.reader_gone {
            return Ok(());
        }
        let result = self.stream.write_all(text.as_bytes());
        self.unless_reader_gone(result)
    }

    /// Writes what is still buffered.
    ///
    /// # Errors
    /// Those of [`Output::print`].
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        if self.reader_gone {
            return Ok(());
        }
        let result = self.stream.flush();
        self.unless_reader_gone(result)
    }

    fn unless_reader_gone(&mut self, result: io::Result<()>) -> io::Result<()> {
        match result {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.reader_gone = true;
                Ok(())
            }
            other => other,
        }
    }
}

/// Writes to standard error. If nobody reads that, there is nobody to tell.
pub(crate) fn complain(text: &str) {
    io::stderr().write_all(text.as_bytes()).ok();
}
