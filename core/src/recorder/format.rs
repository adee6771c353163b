//! What the writer and the reader of the format have in common.

use crate::checkpoint::Out;

/// How a segment begins. The first byte is no text, and the line ends show whether the file was
/// treated as one.
pub const MAGIC: [u8; 8] = *b"\x895WREC\r\n";

/// The version of the format that this crate writes and reads. What a checkpoint holds is a part of it.
pub const VERSION: u8 = 3;

/// All buffers of a recorded machine together are no larger than this: four of the largest packet
/// that MQTT has. A machine with more is not recorded, and a recording that says so is refused,
/// because whoever replays it has to find that memory.
pub const MEMORY_MAX_BYTES: usize = 1 << 30;

/// A flag of a segment: payloads are as they were.
pub(super) const PAYLOADS_KEPT: u8 = 1;
/// A flag of a segment: it goes on where the one before ended.
pub(super) const CONTINUES: u8 = 2;
/// A flag of a segment: the machine speaks MQTT 5.
pub(super) const SPEAKS_MQTT5: u8 = 4;
/// There are no others.
pub(super) const ALL_FLAGS: u8 = PAYLOADS_KEPT | CONTINUES | SPEAKS_MQTT5;

/// Why a segment ends: the recording does, or was interrupted.
pub(super) const FINISHED: u8 = 0;
/// Why a segment ends: the next one goes on.
pub(super) const CONTINUED: u8 = 1;

/// The kinds of records that are not calls.
pub(super) mod kind {
    pub(in super::super) const SEGMENT: u8 = 0x01;
    pub(in super::super) const CHECKPOINT: u8 = 0x02;
    pub(in super::super) const END: u8 = 0x03;
    pub(in super::super) const ACTION: u8 = 0x40;
    pub(in super::super) const TRANSMIT: u8 = 0x41;
    pub(in super::super) const EVENT: u8 = 0x42;
    pub(in super::super) const WAIT: u8 = 0x43;
    pub(in super::super) const RETURNED: u8 = 0x44;
    pub(in super::super) const ANSWERED: u8 = 0x45;
    pub(in super::super) const RESET_ESP: u8 = 0x46;
    pub(in super::super) const FRAME: u8 = 0x47;
    pub(in super::super) const CONFIGURE: u8 = 0x48;
    pub(in super::super) const JOIN: u8 = 0x49;
    pub(in super::super) const ASK_TIME: u8 = 0x4A;
    pub(in super::super) const REPORT_MEMORY: u8 = 0x4B;
}

/// The most that a record has besides its content: kind, time, length, both checks.
pub(super) const OVERHEAD_BYTES: usize = 1 + 10 + 10 + 1 + 4;
/// What the end of a segment takes.
pub(super) const END_BYTES: usize = OVERHEAD_BYTES + 1;
/// The most that anything takes whose size is not that of a buffer or an argument.
pub(super) const SMALL_BYTES: usize = 2 * OVERHEAD_BYTES + 64;

/// Whether a machine with buffers of these sizes is read.
pub(super) fn is_readable(memory_bytes: &[usize]) -> bool {
    let sum = memory_bytes.iter().try_fold(0_usize, |sum, bytes| sum.checked_add(*bytes));
    sum.is_some_and(|sum| sum <= MEMORY_MAX_BYTES)
}

/// How many bytes `content` writes.
pub(super) fn size_bytes(content: &dyn Fn(&mut Out<'_>)) -> usize {
    let mut size_bytes = 0;
    content(&mut |part| size_bytes += part.len());
    size_bytes
}
