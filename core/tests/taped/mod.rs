//! Machines that are recorded whatever a test does with them, and whose recordings are replayed
//! when the test is done with them.

use std::ops::{Deref, DerefMut};

use fivewire_core::recorder::{Fed, Payloads, Recorded, Recorder, Records, Replay, Sink};

/// A segment takes about so many bytes, so that a machine is compared with its checkpoints often.
const SEGMENT_BYTES: usize = 700;

/// Takes everything, in short segments.
#[derive(Default)]
pub(crate) struct Tape {
    pub(crate) bytes: Vec<u8>,
    segment_bytes: usize,
}

impl Sink for Tape {
    fn write(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.segment_bytes += bytes.len();
    }

    fn room(&self) -> usize {
        SEGMENT_BYTES.saturating_sub(self.segment_bytes)
    }

    fn begin(&mut self) {
        self.segment_bytes = 0;
    }
}

/// A recorder for such a machine, with its payloads disguised: what is said then must be the same.
pub(crate) fn recorder() -> Option<Recorder<Tape>> {
    Some(Recorder::new(Tape::default(), Payloads::Disguised { key: [7, 8] }))
}

/// A machine that is replayed when it goes.
pub(crate) struct Taped<M>(Option<Recorded<M, Tape>>);

impl<M> Taped<M> {
    pub(crate) const fn new(machine: Recorded<M, Tape>) -> Self {
        Self(Some(machine))
    }
}

impl<M> Deref for Taped<M> {
    type Target = Recorded<M, Tape>;

    fn deref(&self) -> &Self::Target {
        self.0.as_ref().unwrap()
    }
}

impl<M> DerefMut for Taped<M> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.0.as_mut().unwrap()
    }
}

impl<M> Drop for Taped<M> {
    fn drop(&mut self) {
        let recorder = self.0.take().and_then(|machine| machine.into_parts().1);
        if let (Some(mut recorder), false) = (recorder, std::thread::panicking()) {
            replays(&recorder.sink_mut().bytes);
        }
    }
}

/// A bare machine says the same: from the beginning, and from the last checkpoint.
pub(crate) fn replays(recording: &[u8]) {
    let mut replay = Replay::new(|size_bytes| vec![0xEE; size_bytes]);
    let mut last = 0;
    for record in Records::new(recording).map(Result::unwrap) {
        assert_eq!(replay.feed(&record), Fed::Same, "{record:?}");
        if let fivewire_core::recorder::Item::Segment(_) = record.item {
            last = record.at - 9;
        }
    }
    let mut replay = Replay::new(|size_bytes| vec![0x11; size_bytes]);
    for record in Records::new(&recording[last.min(recording.len())..]).map_while(Result::ok) {
        assert_eq!(replay.feed(&record), Fed::Same, "{record:?}");
    }
}
