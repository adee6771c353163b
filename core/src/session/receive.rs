//! What the session makes of the bytes that arrive.

use super::inbound::{Next, RESERVE_BYTES, publish_id, publish_qos};
use super::{Close, Handed, Phase, Session, Step};
use crate::config::{Release, Resubscribe};
use crate::event::{DownReason, Event};
use crate::mqtt::{
    Breach, Connack, ConnectReturnCode, FixedHeader, Packet, PacketId, QoS, SubscribeReturnCode,
    decode,
};
use crate::planted::Bug;
use crate::storage::Storage;

/// The type of a PUBREL packet (MQTT 3.1.1 §2.2.1).
const PUBREL: u8 = 6;
/// The type of a DISCONNECT packet (MQTT 5 §2.1.2).
#[cfg(feature = "mqtt5")]
const DISCONNECT: u8 = 14;

/// A packet that is no message, copied out of the receive buffer.
enum Answer {
    Connack(Connack),
    Puback(PacketId),
    Pubrel(PacketId),
    Suback(PacketId, SubscribeReturnCode),
    Unsuback(PacketId),
    Pingresp,
}

impl<S: Storage> Session<S> {
    /// How many bytes of the stream may be delivered now. 0: do not read.
    pub(crate) fn receive_capacity(&self) -> usize {
        let reserve = if self.shedding { 0 } else { RESERVE_BYTES };
        self.inbound.free().saturating_sub(reserve)
    }

    pub(super) fn receive(&mut self, chunk: &[u8]) {
        if self.phase == Phase::Offline {
            return;
        }
        self.keep_alive.received(self.now);
        #[cfg(feature = "mqtt5")]
        if self.v5.is_deaf() {
            return;
        }
        if !self.inbound.push(chunk) {
            self.close_down(DownReason::ReceiveOverrun);
        }
    }

    /// The message of the last step was read by the application: it is done with, or to be
    /// released.
    pub(super) fn take_handed(&mut self) {
        if let Some(size) = self.handed.take() {
            self.inbound.drop_first_kept(size);
        }
    }

    /// Reads until something is to be told, or nothing whole is left.
    pub(super) fn read(&mut self) -> Option<Step> {
        if self.inbound.is_empty() && self.too_large.is_none() {
            return None;
        }
        #[cfg(feature = "mqtt5")]
        if self.v5.is_deaf() {
            self.inbound.clear();
            return None;
        }
        loop {
            if let Some(event) = self.take_too_large() {
                return Some(Step::Event(event));
            }
            if let Some(step) = self.hand_out() {
                return Some(step);
            }
            match self.read_packet() {
                // what waited for messages that gave way now has its turn
                Ok(Progress::Nothing) if !self.is_ending() && self.make_room() => {}
                Ok(Progress::Nothing) => break,
                Ok(Progress::Taken) => {}
                Ok(Progress::Told(event)) => return Some(Step::Event(event)),
                #[cfg(feature = "mqtt5")]
                Ok(Progress::Said(packet)) => {
                    return Some(Step::Message(Handed { packet, delivery: None }));
                }
                Err(breach) => {
                    self.breach(breach);
                    break;
                }
            }
            if self.is_ending() {
                break;
            }
        }
        None
    }

    /// Nothing more that the broker says is listened to.
    const fn is_ending(&self) -> bool {
        #[cfg(feature = "mqtt5")]
        if self.v5.is_deaf() {
            return true;
        }
        self.closing.is_some()
    }

    /// Hands out the oldest message that is kept, if the application takes it. One that was delivered already
    /// (QoS 2) is dropped, and the next one has its turn.
    fn hand_out(&mut self) -> Option<Step> {
        loop {
            let (header, packet) = self.inbound.first_kept()?;
            let size_bytes = self.size_handed_out(packet.clone());
            let too_large = size_bytes > self.message_max_bytes;
            if size_bytes > self.hand_out_max_bytes && !too_large {
                return None;
            }
            // It was decoded before it was kept.
            let qos = publish_qos(&header)?;
            let packet_id = match qos {
                QoS::AtMostOnce => None,
                QoS::AtLeastOnce | QoS::ExactlyOnce => {
                    publish_id(&header, &self.inbound.bytes()[packet.clone()])
                        .and_then(PacketId::new)
                }
            };
            if too_large {
                return self.answer_too_large(qos, packet_id, packet.len());
            }
            let mut delivery = None;
            if let Some(id) = packet_id {
                if self.deliveries.count() >= self.limits.receive_maximum {
                    return None;
                }
                if qos == QoS::ExactlyOnce && self.deliveries.is_repeated_qos2(id) {
                    self.inbound.drop_first_kept(packet.len());
                    continue;
                }
                let at_hand_out = self.limits.release == Release::AtHandOut;
                let released = at_hand_out || self.planted.has(Bug::PubackBeforeHost);
                let name = self.deliveries.push(id, qos, released);
                delivery = (!at_hand_out).then_some(name);
            }
            self.handed = Some(packet.len());
            return Some(Step::Message(Handed { packet, delivery }));
        }
    }

    /// How large a kept message is for who takes it.
    fn size_handed_out(&self, packet: core::ops::Range<usize>) -> usize {
        #[cfg(feature = "mqtt5")]
        if self.is_v5() && self.message_max_bytes < usize::MAX {
            return packet.len() + self.unaliased_bytes(packet);
        }
        packet.len()
    }

    /// A kept message that can never be handed out.
    #[cold]
    fn answer_too_large(
        &mut self,
        qos: QoS,
        packet_id: Option<PacketId>,
        size_bytes: usize,
    ) -> Option<Step> {
        if let Some(id) = packet_id {
            if self.deliveries.count() >= super::deliveries::CAPACITY {
                return None;
            }
            self.deliveries.push(id, qos, true);
        }
        self.inbound.drop_first_kept(size_bytes);
        self.desk.counters.too_large_in = self.desk.counters.too_large_in.saturating_add(1);
        Some(Step::Event(Event::MessageTooLarge { qos, size_bytes }))
    }

    fn read_packet(&mut self) -> Result<Progress, Breach> {
        match self.inbound.look(self.version)? {
            Next::Incomplete => Ok(Progress::Nothing),
            Next::Partial(header) => Ok(self.read_partial(header)),
            Next::TooLarge(header) => self.read_too_large(header),
            Next::Whole(header, packet) => {
                let Some(qos) = publish_qos(&header) else {
                    if header.packet_type() == PUBREL && self.deliveries.owes_pubcomp() {
                        return Ok(Progress::Nothing);
                    }
                    #[cfg(feature = "mqtt5")]
                    if self.is_v5() {
                        let is_short =
                            header.packet_type() == DISCONNECT && header.remaining_len == 0;
                        if is_short && self.planted.has(Bug::ZeroLengthDisconnect) {
                            return Ok(Progress::Nothing);
                        }
                        return Ok(self.read_answer_v5(packet)?);
                    }
                    let answer = self.decode_answer(packet.clone())?;
                    self.inbound.drop_scanned(packet.len());
                    return self.take_answer(answer);
                };
                self.expect_online()?;
                if !self.admit(packet.clone())? {
                    return Ok(Progress::Nothing);
                }
                if self.shedding {
                    self.shed(qos, packet.len());
                } else {
                    self.inbound.keep(packet.len());
                }
                Ok(Progress::Taken)
            }
        }
    }

    /// Checks a message before it is kept. False if it has to wait.
    fn admit(&mut self, packet: core::ops::Range<usize>) -> Result<bool, Breach> {
        #[cfg(feature = "mqtt5")]
        if self.is_v5() {
            return Ok(self.admit_v5(packet)?);
        }
        decode(&self.inbound.bytes()[packet])?;
        Ok(true)
    }

    fn expect_online(&self) -> Result<(), Breach> {
        match self.phase {
            #[cfg(feature = "mqtt5")]
            Phase::AwaitingConnack { .. } if self.is_v5() => {
                Err(crate::mqtt::v5::Breach::FirstPacketNotConnack.into())
            }
            Phase::AwaitingConnack { .. } => Err(Breach::FirstPacketNotConnack),
            Phase::Offline | Phase::Online | Phase::Finishing { .. } => Ok(()),
        }
    }

    /// While shedding, the body of a message is not even waited for.
    fn read_partial(&mut self, header: FixedHeader) -> Progress {
        match publish_qos(&header) {
            Some(qos) if self.shedding => {
                self.shed(qos, header.packet_len());
                Progress::Taken
            }
            Some(_) | None => Progress::Nothing,
        }
    }

    #[cold]
    fn shed(&mut self, qos: QoS, size: usize) {
        self.count_shed(qos);
        self.inbound.drop_scanned(size);
    }

    fn count_shed(&mut self, qos: QoS) {
        let counter = match qos {
            QoS::AtMostOnce => &mut self.desk.counters.dropped_qos0_in,
            QoS::AtLeastOnce | QoS::ExactlyOnce => &mut self.desk.counters.shed_in,
        };
        *counter = counter.saturating_add(1);
    }

    /// A message that can never be handed out is answered as soon as its identifier is there, so
    /// that the broker does not send it for ever.
    #[cold]
    fn read_too_large(&mut self, header: FixedHeader) -> Result<Progress, Breach> {
        #[cfg(feature = "mqtt5")]
        if self.is_v5() {
            // It was told how large packets may be.
            return Err(crate::mqtt::v5::Breach::PacketTooLarge.into());
        }
        let Some(qos) = publish_qos(&header) else {
            return Err(Breach::WrongLength { packet_type: header.packet_type() });
        };
        self.expect_online()?;
        if self.shedding {
            self.shed(qos, header.packet_len());
            return Ok(Progress::Taken);
        }
        let mut packet_id = None;
        if qos != QoS::AtMostOnce {
            let Some(id) = publish_id(&header, self.inbound.arrived()) else {
                let hopeless = self.inbound.arrived().len() >= self.inbound.packet_max_bytes();
                if !hopeless {
                    return Ok(Progress::Nothing);
                }
                self.shed(qos, header.packet_len());
                return Ok(Progress::Taken);
            };
            packet_id = Some(PacketId::new(id).ok_or(Breach::PacketIdZero)?);
            let full = self.deliveries.count() >= super::deliveries::CAPACITY;
            if full || self.inbound.keeps_messages() {
                return Ok(Progress::Nothing);
            }
        }
        self.inbound.drop_scanned(header.packet_len());
        self.too_large = Some(TooLarge { qos, packet_id, size_bytes: header.packet_len() });
        Ok(Progress::Taken)
    }

    /// A message that was skipped has come to its end: only now has it been received.
    fn take_too_large(&mut self) -> Option<Event<'static>> {
        if self.inbound.is_skipping() {
            return None;
        }
        let TooLarge { qos, packet_id, size_bytes } = self.too_large.take()?;
        if let Some(id) = packet_id {
            self.deliveries.push(id, qos, true);
        }
        if self.planted.has(Bug::TooLargeUntold) {
            return None;
        }
        self.desk.counters.too_large_in = self.desk.counters.too_large_in.saturating_add(1);
        Some(Event::MessageTooLarge { qos, size_bytes })
    }

    fn decode_answer(&self, packet: core::ops::Range<usize>) -> Result<Answer, Breach> {
        let decoded = decode(&self.inbound.bytes()[packet])?;
        if !matches!(decoded, Packet::Connack(_)) {
            self.expect_online()?;
        }
        Ok(match decoded {
            Packet::Connack(connack) => Answer::Connack(connack),
            Packet::Puback(id) => Answer::Puback(id),
            Packet::Pubrel(id) => Answer::Pubrel(id),
            Packet::Suback(suback) => {
                let mut codes = suback.return_codes.iter();
                let code = codes.next().ok_or(Breach::SubackCountMismatch)?;
                if codes.next().is_some() {
                    return Err(Breach::SubackCountMismatch);
                }
                Answer::Suback(suback.packet_id, code)
            }
            Packet::Unsuback(id) => Answer::Unsuback(id),
            Packet::Pingresp => Answer::Pingresp,
            other => return Err(Breach::UnexpectedPacket { packet_type: other.packet_type() }),
        })
    }

    fn take_answer(&mut self, answer: Answer) -> Result<Progress, Breach> {
        let event = match answer {
            Answer::Connack(connack) => self.take_connack(connack)?,
            Answer::Puback(id) => self.take_puback(id),
            Answer::Suback(id, code) => self.take_suback(id, code),
            Answer::Unsuback(id) => self.take_unsuback(id),
            Answer::Pubrel(_) if self.planted.has(Bug::PubcompForgotten) => None,
            Answer::Pubrel(id) => {
                self.deliveries.pubrel(id);
                None
            }
            Answer::Pingresp => None,
        };
        Ok(event.map_or(Progress::Taken, Progress::Told))
    }

    /// DISCONNECT is on its way because the application asked for it, perhaps before CONNACK came.
    pub(super) const fn leaves(&self) -> bool {
        matches!(self.phase, Phase::Finishing { close: Close::Finished, .. })
    }

    #[cold]
    fn take_connack(&mut self, connack: Connack) -> Result<Option<Event<'static>>, Breach> {
        if self.leaves() {
            return Ok(None);
        }
        let Phase::AwaitingConnack { .. } = self.phase else {
            return Err(Breach::UnexpectedPacket { packet_type: 2 });
        };
        let Connack { session_present, return_code } = connack;
        if return_code != ConnectReturnCode::Accepted {
            self.close_down(DownReason::Refused(return_code));
            return Ok(None);
        }
        if session_present && self.connect.is_clean() {
            return Err(Breach::SessionPresentWithCleanSession);
        }
        if self.connect.clean_slate_due() {
            self.plant_forgotten_will();
            self.begin_clean_slate();
            return Ok(None);
        }
        Ok(Some(self.go_online(session_present)))
    }

    /// The broker has forgotten the old session: this connection has done what it was for.
    pub(super) const fn begin_clean_slate(&mut self) {
        self.connect.clean_slate_done();
        let until = self.now.plus_ms(self.limits.response_timeout_ms);
        self.phase = Phase::Finishing { until, put: false, close: Close::CleanSlate };
    }

    /// The connection is there.
    pub(super) fn go_online(&mut self, session_present: bool) -> Event<'static> {
        self.plant_forgotten_will();
        self.phase = Phase::Online;
        self.keep_alive.begin(self.now);
        self.desk.counters.connections = self.desk.counters.connections.saturating_add(1);
        let in_doubt = core::mem::take(&mut self.session_in_doubt);
        if !session_present || in_doubt {
            // In doubt a message told twice is better than one that is taken for another.
            self.deliveries.session_lost();
        }
        if !session_present {
            if !self.planted.has(Bug::NoResubscription) {
                self.desk.subscriptions.session_lost();
            }
        } else if in_doubt || self.limits.resubscribe == Resubscribe::Always {
            self.desk.subscriptions.renew_all();
        }
        Event::Connected { session_present }
    }

    /// While messages are held, QoS 0 ones give way as soon as the buffer runs full (P9). True if some did.
    fn make_room(&mut self) -> bool {
        let mut has_made_room = false;
        while self.receive_capacity() == 0 && self.inbound.drop_kept_qos0() {
            self.count_shed(QoS::AtMostOnce);
            has_made_room = true;
        }
        has_made_room
    }

    /// Gives up the newest messages, and all that follow on this connection: acknowledging a later
    /// one without an earlier one would break the order [MQTT-4.6.0-2].
    #[cold]
    pub(super) fn start_shedding(&mut self) {
        self.shedding = true;
        while self.inbound.free() < RESERVE_BYTES && self.inbound.drop_newest_kept() {
            self.count_shed(QoS::AtLeastOnce);
        }
    }

    #[cfg(feature = "planted")]
    fn plant_forgotten_will(&mut self) {
        if self.planted.has(Bug::WillOnFirstConnectOnly) {
            self.connect.plant_no_will();
        }
    }

    #[cfg(not(feature = "planted"))]
    #[expect(clippy::unused_self, reason = "the same call with and without the feature")]
    const fn plant_forgotten_will(&self) {}
}

/// A message that is being skipped.
#[derive(Clone, Copy, Debug)]
pub(super) struct TooLarge {
    pub(super) qos: QoS,
    pub(super) packet_id: Option<PacketId>,
    pub(super) size_bytes: usize,
}

/// What became of the packet that was looked at.
pub(super) enum Progress {
    /// It stays: more must arrive, or the application must take something first.
    Nothing,
    /// It is gone from the part that is not looked at yet.
    Taken,
    /// And there is something to tell.
    Told(Event<'static>),
    /// It stays until it was shown, and is taken then.
    #[cfg(feature = "mqtt5")]
    Said(core::ops::Range<usize>),
}
