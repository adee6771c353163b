//! The board as a process: QEMU with two pipes.

use std::fs::File;
use std::io::{self, BufReader, PipeReader, PipeWriter};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use anyhow::{Context, Result, ensure};
use command_fds::{CommandFdExt, FdMapping};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::protocol::{Answer, Message};

/// How long an instruction takes: 2 to the power of this, in ns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Speed(u8);

impl Speed {
    /// 31 million instructions in a second, near a chip of 80 MHz that runs from flash: 2.56 cycles
    /// each.
    pub const MHZ_80: Self = Self(5);
    /// Twice as fast, which is what the firmware asks the chip for.
    pub const MHZ_160: Self = Self(4);
}

/// A board that says nothing for so long in real time hangs.
const PATIENCE: Timespec = Timespec { tv_sec: 60, tv_nsec: 0 };

/// A running board.
#[derive(Debug)]
pub struct Board {
    child: Child,
    from: BufReader<PipeReader>,
    to: PipeWriter,
}

impl Board {
    /// Starts QEMU. `executed` is where it notes what it executes.
    ///
    /// # Errors
    /// QEMU could not be started.
    pub fn start(elf: &Path, executed: Option<&Path>, speed: Speed) -> Result<Self> {
        let (from, board_out) = io::pipe()?;
        let (board_in, to) = io::pipe()?;
        let mut command = Command::new("qemu-system-xtensa");
        command
            .args(["-M", "sim", "-cpu", "lx106", "-nographic", "-monitor", "none"])
            .args(["-serial", "none", "-semihosting", "-icount"])
            // Without sleep=off the time that QEMU takes to start would leak in.
            .arg(format!("shift={},sleep=off", speed.0))
            .arg("-kernel")
            .arg(elf)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Some(executed) = executed {
            File::create(executed)?;
            command.args(["-d", "in_asm", "-D"]).arg(executed);
        }
        command.fd_mappings(vec![
            FdMapping { parent_fd: OwnedFd::from(board_out), child_fd: 3 },
            FdMapping { parent_fd: OwnedFd::from(board_in), child_fd: 4 },
        ])?;
        let child =
            command.spawn().context("qemu-system-xtensa does not run: install qemu-system-misc")?;
        Ok(Self { child, from: BufReader::new(from), to })
    }

    /// Reads its next message. `None`: it has ended.
    ///
    /// # Errors
    /// It says what the protocol does not have.
    pub fn read(&mut self) -> Result<Option<Message>> {
        if self.from.buffer().is_empty() {
            let mut ready = [PollFd::new(self.from.get_ref(), PollFlags::IN)];
            ensure!(poll(&mut ready, Some(&PATIENCE))? > 0, "the board hangs");
        }
        match Message::read(&mut self.from) {
            Ok(message) => Ok(Some(message)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Answers it.
    ///
    /// # Errors
    /// It has ended.
    pub fn answer(&mut self, answer: &Answer) -> Result<()> {
        answer.write(&mut self.to).context("the board has ended")
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// The operating system does not know it.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        Ok(self.child.wait()?)
    }
}

impl Drop for Board {
    /// QEMU in a blocking read does not hear SIGTERM.
    fn drop(&mut self) {
        // Both fail only where it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
