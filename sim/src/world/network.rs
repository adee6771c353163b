//! What the client asks of its radio and transport, and what those do in return.

use fivewire_core::bridge::Lan;
use fivewire_core::client::{self, Action, TcpFailure};

use super::World;
use super::agenda::Slot;
use super::faults::Lasting;
use super::tcp::{AtDevice, Notice, Path, Side};
use super::wifi::Joined;
use crate::app::Application;
use crate::observation::{BoardLoss, ConnectionId, Ending, Observation, Observer};

/// With small receive buffers, more unread bytes than this crash the ESP8266.
const SMALL_RECEIVE_BYTES: usize = 512;

impl<A: Application> World<A> {
    /// Does what the client asks of its radio or its transport.
    #[cold]
    pub(super) fn act_on<O: Observer>(&mut self, action: Action, observer: &mut O) {
        self.see(observer, &Observation::Asked(action));
        match action {
            Action::JoinWifi => {
                self.radio.join(self.now);
                self.agenda.set(Slot::Wifi, self.radio.next());
            }
            Action::LeaveWifi => {
                if self.radio.leave() {
                    self.see(observer, &Observation::Wifi(false));
                }
                self.agenda.clear(Slot::Wifi);
            }
            Action::OpenTcp => {
                self.close_tcp(observer);
                let associated = self.radio.is_associated();
                let mut path = Path { now: self.now, associated, faults: &mut self.faults };
                let connection = self.tcp.open(&mut path);
                self.see(observer, &Observation::Opening { connection });
                if !associated {
                    self.tcp.fail_to_open();
                }
            }
            Action::CloseTcp => self.close_tcp(observer),
        }
    }

    fn close_tcp<O: Observer>(&mut self, observer: &mut O) {
        // An end that the client has not been told of is an end all the same.
        while let Some((connection, ending)) = self.tcp.forget_notices(Side::Device) {
            self.see(observer, &Observation::EndedAtDevice { connection, ending });
        }
        let Some(connection) = self.tcp.current() else { return };
        let associated = self.radio.is_associated();
        let mut path = Path { now: self.now, associated, faults: &mut self.faults };
        self.tcp.close(Side::Device, connection, &mut path);
        let ending = Ending::Closed;
        self.see(observer, &Observation::EndedAtDevice { connection, ending });
    }

    /// Takes a network that the ESP8266 knows out of this world, or puts it back. Who has joined it stays.
    pub const fn set_absent(&mut self, lan: Lan, absent: bool) {
        self.absent[matches!(lan, Lan::Given) as usize] = absent;
    }

    const fn is_absent(&self, lan: Lan) -> bool {
        self.absent[matches!(lan, Lan::Given) as usize]
    }

    /// The join that was under way has succeeded or failed.
    #[cold]
    pub(super) fn finish_join<O: Observer>(&mut self, observer: &mut O) {
        let outage = self.faults.strikes(Lasting::WifiOutage) || self.is_absent(self.joining);
        match self.radio.finish_join(outage) {
            Joined::Yes => {
                self.see(observer, &Observation::Wifi(true));
                self.tell_client(client::Input::WifiUp, observer);
            }
            Joined::No => self.tell_client(client::Input::WifiDown, observer),
            Joined::Silent => {}
        }
    }

    /// The access point is gone.
    pub(super) fn lose_wifi<O: Observer>(&mut self, observer: &mut O) {
        if self.radio.is_associated() {
            self.radio.leave();
            self.faults.bite(Lasting::WifiOutage);
            self.see(observer, &Observation::Wifi(false));
            self.tell_client(client::Input::WifiDown, observer);
        }
    }

    /// Something is due on some connection.
    pub(super) fn step_tcp<O: Observer>(&mut self, observer: &mut O) {
        let associated = self.radio.is_associated();
        let mut path = Path { now: self.now, associated, faults: &mut self.faults };
        if let Some(connection) = self.tcp.step(&mut path) {
            self.see(observer, &Observation::Accepted { connection });
        }
        self.overflow(observer);
    }

    /// Small receive buffers overflow when too much waits in them.
    fn overflow<O: Observer>(&mut self, observer: &mut O) {
        if !self.faults.is_on(Lasting::EspReceiveOverflow) || !self.has_bridge() {
            return;
        }
        let Some(connection) = self.tcp.current() else { return };
        if self.tcp.unread(Side::Device, connection).len() > SMALL_RECEIVE_BYTES {
            self.faults.bite(Lasting::EspReceiveOverflow);
            self.crash_esp(BoardLoss::ReceiveOverflow, observer);
        }
    }

    /// Lets the client hear and read what there is. True if there was something.
    pub(super) fn flow_tcp<O: Observer>(&mut self, observer: &mut O) -> bool {
        if let Some((connection, notice)) = self.tcp.to_device.pop_front() {
            self.notice_at_device(connection, notice, observer);
            return true;
        }
        match self.tcp.at_device() {
            AtDevice::Nothing => false,
            AtDevice::Bytes(..) => self.read_as_client(observer),
            AtDevice::End(connection) => {
                let associated = self.radio.is_associated();
                let mut path = Path { now: self.now, associated, faults: &mut self.faults };
                self.tcp.close(Side::Device, connection, &mut path);
                self.device_ended(connection, Ending::ClosedByPeer, observer);
                true
            }
        }
    }

    #[cold]
    fn device_ended<O: Observer>(
        &mut self,
        connection: ConnectionId,
        ending: Ending,
        observer: &mut O,
    ) {
        self.see(observer, &Observation::EndedAtDevice { connection, ending });
        self.tell_client(client::Input::TcpClosed, observer);
    }

    fn notice_at_device<O: Observer>(
        &mut self,
        connection: ConnectionId,
        notice: Notice,
        observer: &mut O,
    ) {
        match notice {
            Notice::Opened => {
                self.see(observer, &Observation::Opened { connection });
                self.tell_client(client::Input::TcpOpened, observer);
            }
            Notice::Failed(failure) => self.fail(connection, failure, observer),
            Notice::Writable => self.tell_client(client::Input::Writable, observer),
            Notice::Ended(ending) => self.device_ended(connection, ending, observer),
            Notice::Readable => {}
        }
    }

    #[cold]
    fn fail<O: Observer>(
        &mut self,
        connection: ConnectionId,
        failure: TcpFailure,
        observer: &mut O,
    ) {
        self.see(observer, &Observation::OpenFailed { connection, failure });
        self.tell_client(client::Input::TcpFailed(failure), observer);
    }
}
