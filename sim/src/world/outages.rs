//! What faults do to the broker: it stops, loses power, forgets, and misbehaves.

use fivewire_core::mqtt::ConnectReturnCode;
use fivewire_core::mqtt::v5::ReasonCode;
use fivewire_core::time::Instant;

use super::World;
use super::agenda::Slot;
use super::device::DEVICE_ID;
use super::faults::Lasting;
use super::tcp::Side;
use crate::app::Application;
use crate::broker::{ClientKey, Input, MALFORMED, MALFORMED_V5, Misbehaviour};
use crate::fault::{FaultKind, Memory};
use crate::observation::{ConnectionId, Ending, Observation, Observer};

/// The topic on which the broker refuses publications.
pub(crate) const REFUSED_TOPIC: &str = "up/0";

impl<A: Application> World<A> {
    /// The process is stopped: its sockets are closed, after a word where MQTT has one.
    pub(super) fn stop_broker<O: Observer>(&mut self, memory: Memory, observer: &mut O) {
        if self.schedule.setup.is_v5() && self.broker_disconnects(0x8B, observer) {
            self.faults.bite(Lasting::BrokerRestart);
        }
        self.broker_goes_down(memory, observer);
        while let Some(connection) = self.tcp.next_at_broker() {
            self.faults.bite(Lasting::BrokerRestart);
            self.close_socket(connection, observer);
        }
    }

    /// The machine loses power: nobody is told.
    pub(super) fn crash_broker<O: Observer>(&mut self, memory: Memory, observer: &mut O) {
        self.broker_goes_down(memory, observer);
        let now = Instant::from_micros(self.now);
        let faults = &mut self.faults;
        self.tcp.vanish(Side::Broker, |connection| {
            faults.bite(Lasting::BrokerCrash);
            let ending = Ending::Vanished;
            observer.observe(now, &Observation::EndedAtBroker { connection, ending });
        });
    }

    fn broker_goes_down<O: Observer>(&mut self, memory: Memory, observer: &mut O) {
        self.server.forgets |= memory == Memory::Lost;
        if !self.server.is_down {
            self.server.is_down = true;
            self.agenda.clear(Slot::Broker);
            self.see(observer, &Observation::BrokerDown(true));
        }
        // What it had not heard of has happened all the same.
        while let Some((connection, ending)) = self.tcp.forget_notices(Side::Broker) {
            self.see(observer, &Observation::EndedAtBroker { connection, ending });
        }
    }

    /// The process starts again, unless another fault keeps it down.
    pub(super) fn broker_comes_up<O: Observer>(&mut self, observer: &mut O) {
        let kept_down =
            self.faults.is_on(Lasting::BrokerRestart) || self.faults.is_on(Lasting::BrokerCrash);
        if kept_down || !self.server.is_down {
            return;
        }
        self.server.is_down = false;
        let forgets = std::mem::take(&mut self.server.forgets);
        let memory = if forgets { Memory::Lost } else { Memory::Kept };
        self.server.broker.restart(Instant::from_micros(self.now), memory);
        self.see(observer, &Observation::BrokerDown(false));
        if forgets {
            self.see(observer, &Observation::SessionForgotten);
        }
        self.drain_broker(observer);
        self.connect_witness(observer);
    }

    /// The process hangs no more. It hears of what arrived before it looks at the clock.
    pub(super) fn broker_wakes_up(&mut self) {
        if self.broker_runs() {
            self.agenda.set(Slot::Broker, self.now);
        }
    }

    /// The broker closes the device's connection. False if there is none.
    pub(super) fn broker_closes<O: Observer>(&mut self, observer: &mut O) -> bool {
        let Some(key) = self.device_key() else { return false };
        let now = Instant::from_micros(self.now);
        self.close_socket(ConnectionId(key.0), observer);
        self.server.broker.handle(now, Input::Closed(key));
        self.drain_broker(observer);
        true
    }

    /// The broker says DISCONNECT and closes the device's connection. False if there is none.
    pub(super) fn broker_disconnects<O: Observer>(&mut self, code: u8, observer: &mut O) -> bool {
        let Some(key) = self.device_key() else { return false };
        let now = Instant::from_micros(self.now);
        let reason_code = ReasonCode::from_u8(code).unwrap_or(ReasonCode::UnspecifiedError);
        self.server.broker.disconnect(now, key, reason_code);
        self.drain_broker(observer);
        true
    }

    /// The broker forgets the device's session. False if there is none.
    pub(super) fn broker_forgets<O: Observer>(&mut self, observer: &mut O) -> bool {
        if !self.broker_runs() || !self.server.broker.session_exists(DEVICE_ID) {
            return false;
        }
        self.server.broker.forget_session(Instant::from_micros(self.now), DEVICE_ID);
        self.see(observer, &Observation::SessionForgotten);
        self.drain_broker(observer);
        true
    }

    /// The broker sends bytes that are no MQTT. False if nobody gets them.
    pub(super) fn broker_stammers<O: Observer>(&mut self, which: u8, observer: &mut O) -> bool {
        let Some(key) = self.device_key() else { return false };
        let table = if self.schedule.setup.is_v5() { MALFORMED_V5 } else { MALFORMED };
        let malformed = &table[usize::from(which) % table.len()];
        let injected = self.server.broker.inject(key, malformed.bytes);
        self.drain_broker(observer);
        injected
    }

    /// The device's connection, if the process runs and the device is connected.
    pub(super) fn device_key(&self) -> Option<ClientKey> {
        if !self.broker_runs() {
            return None;
        }
        let broker = &self.server.broker;
        broker.connections().find(|&key| broker.client_id(key) == Some(DEVICE_ID))
    }

    /// Misbehaves as the faults at work demand. What else was set is left.
    pub(super) fn misbehave(&mut self) {
        let deny_connect = self.faults.kinds().find_map(|kind| match kind {
            FaultKind::ConnectDenied { code } => Some(code),
            _ => None,
        });
        let refuse_topic = self.faults.kinds().find_map(|kind| match kind {
            FaultKind::PublicationsRefused { code } => {
                Some((REFUSED_TOPIC.to_owned(), ReasonCode::from_u8(code)?))
            }
            _ => None,
        });
        let misbehaviour = Misbehaviour {
            refuse_topic,
            swallow_acknowledgements: self.faults.is_on(Lasting::AcksSwallowed),
            double_acknowledgements: self.faults.is_on(Lasting::AcksDoubled),
            deny_connect: deny_connect.map(return_code),
            deny_connect_with: deny_connect.and_then(denial_reason),
            exactly_once_to: self.faults.is_on(Lasting::QosExceeded).then(|| DEVICE_ID.to_owned()),
            ..self.server.broker.misbehaviour().clone()
        };
        let concerns_publications =
            misbehaviour.swallow_acknowledgements || misbehaviour.double_acknowledgements;
        let concerns_publications = concerns_publications
            || misbehaviour.exactly_once_to.is_some()
            || self.schedule.setup.is_v5();
        self.server.broker.set_misbehaviour(misbehaviour);
        self.server.broker.set_events(concerns_publications);
    }
}

/// The reason code of a CONNACK of MQTT 5 that denies, if it is not one of 3.1.1 in disguise.
pub(crate) fn denial_reason(code: u8) -> Option<ReasonCode> {
    ReasonCode::from_u8(code).filter(|code| code.is_failure())
}

/// The return code of a CONNACK that denies.
pub(crate) const fn return_code(code: u8) -> ConnectReturnCode {
    use ConnectReturnCode as Code;

    match code {
        1 => Code::UnacceptableProtocolVersion,
        2 => Code::IdentifierRejected,
        4 => Code::BadUserNameOrPassword,
        5 => Code::NotAuthorized,
        _ => Code::ServerUnavailable,
    }
}
