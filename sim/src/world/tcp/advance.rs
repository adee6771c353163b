//! What happens on connections as time goes on: handshakes, arrivals, and giving up.

use fivewire_core::client::TcpFailure;

use super::connection::{End, Handshake};
use super::pipe::Progress;
use super::{Notice, Path, Tcp};
use crate::observation::{ConnectionId, Ending};
use crate::world::faults::Lasting;

impl Tcp {
    /// Does one thing that is due. What an end has to be told is queued for it.
    pub(in crate::world) fn step(&mut self, path: &mut Path<'_>) -> Option<ConnectionId> {
        let place =
            (0..self.connections.len()).min_by_key(|&place| self.connections[place].next())?;
        let connection = &self.connections[place];
        if connection.handshake_due <= path.now {
            return self.step_handshake(place, path);
        }
        if connection.up.next() <= path.now {
            self.step_up(place, path);
        } else if connection.down.next() <= path.now {
            self.step_down(place, path);
        }
        None
    }

    /// The connection that the broker's machine has just accepted, if any.
    #[cold]
    fn step_handshake(&mut self, place: usize, path: &mut Path<'_>) -> Option<ConnectionId> {
        let to_device = self.arrival(path);
        let connection = &mut self.connections[place];
        let id = connection.id;
        let requested = connection.handshake == Handshake::Syn;
        if (requested && path.faults.strikes(Lasting::ConnectBlackhole))
            || !path.passes(connection.forgotten_by)
        {
            connection.retry_handshake(path.now);
            return None;
        }
        match connection.handshake {
            Handshake::Syn
                if path.faults.strikes(Lasting::ConnectRefused)
                    || path.faults.strikes(Lasting::BrokerRestart) =>
            {
                connection.broker = End::Gone;
                connection.travel(Handshake::Refusal, to_device);
            }
            Handshake::Syn => {
                connection.broker = End::Open;
                connection.travel(Handshake::SynAck, to_device);
                self.to_broker.push_back((id, Notice::Opened));
                return Some(id);
            }
            Handshake::SynAck => {
                connection.finish_handshake();
                connection.device = End::Open;
                self.to_device.push_back((id, Notice::Opened));
            }
            Handshake::Refusal => {
                connection.finish_handshake();
                connection.device = End::Gone;
                self.current = None;
                self.to_device.push_back((id, Notice::Failed(TcpFailure::Refused)));
                self.bury(place);
            }
            Handshake::Done => connection.finish_handshake(),
        }
        None
    }

    fn step_up(&mut self, place: usize, path: &mut Path<'_>) {
        let answer_due = self.arrival(path);
        let connection = &mut self.connections[place];
        let id = connection.id;
        let progress = connection.up.advance(path.now, path.passes(connection.forgotten_by));
        match progress {
            Progress::Data | Progress::Fin => {
                if connection.broker == End::Open {
                    self.to_broker.push_back((id, Notice::Readable));
                } else {
                    connection.up.discard_unread();
                    if progress == Progress::Data && !connection.down.is_under_way() {
                        connection.down.send_reset(answer_due);
                    }
                }
                if connection.up.sender_waits && connection.device == End::Open {
                    connection.up.sender_waits = false;
                    self.to_device.push_back((id, Notice::Writable));
                }
            }
            Progress::Reset if connection.broker == End::Open => {
                connection.broker = End::Gone;
                self.to_broker.push_back((id, Notice::Ended(Ending::Reset)));
            }
            Progress::GaveUp => {
                connection.up.give_up();
                if connection.device == End::Open {
                    connection.device = End::Gone;
                    self.current = None;
                    self.to_device.push_back((id, Notice::Ended(Ending::Aborted)));
                }
            }
            Progress::Reset | Progress::Nothing => {}
        }
        self.bury(place);
    }

    fn step_down(&mut self, place: usize, path: &mut Path<'_>) {
        let answer_due = self.arrival(path);
        let connection = &mut self.connections[place];
        let id = connection.id;
        let progress = connection.down.advance(path.now, path.passes(connection.forgotten_by));
        match progress {
            Progress::Data | Progress::Fin => {
                // An open end sees for itself that there is something to read.
                if connection.device != End::Open {
                    connection.down.discard_unread();
                    let closing = connection.up.is_under_way() || connection.up.has_ended();
                    if progress == Progress::Data && !closing {
                        connection.up.send_reset(answer_due);
                    }
                }
                if connection.down.sender_waits && connection.broker == End::Open {
                    connection.down.sender_waits = false;
                    self.to_broker.push_back((id, Notice::Writable));
                }
            }
            Progress::Reset if connection.device == End::Open => {
                connection.device = End::Gone;
                self.current = None;
                self.to_device.push_back((id, Notice::Ended(Ending::Reset)));
            }
            Progress::GaveUp => {
                connection.down.give_up();
                if connection.broker == End::Open {
                    connection.broker = End::Gone;
                    self.to_broker.push_back((id, Notice::Ended(Ending::Aborted)));
                }
            }
            Progress::Reset | Progress::Nothing => {}
        }
        self.bury(place);
    }
}
