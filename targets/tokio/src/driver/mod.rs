//! The task that owns the core: it does what the core wants and tells it what happened. It decides
//! nothing.
//!
//! ```text
//!  handles --Control, Offer--> Driver <--> Machine (core) --> Audience --> handles
//!                                ^
//!                                +-------> Transport (one connection)
//! ```

mod audience;
mod control;
mod ledger;
mod machine;
mod router;
mod transport;

use std::pin::pin;
use std::sync::Arc;

use fivewire_core::client::Input;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Instant, sleep_until};

use crate::config::Config;
use crate::connect::Connect;
use crate::event::Standing;
use crate::planted::{Bug, Planted};
use crate::publication::PublishError;
use machine::{Machine, Step};
use transport::{Io, Transport};

pub(crate) use control::{Control, Offer, Wanted};
pub(crate) use machine::Core;

/// Orders and offers taken before the connection is looked at again.
const BATCH: usize = 64;

pub(crate) struct Driver {
    machine: Machine,
    offers: mpsc::Receiver<Offer>,
    /// The offer whose turn it is, and for which the outbox has no room.
    stalled: Option<Offer>,
    /// A queue that was full has room, or its reader is gone.
    room: Arc<Notify>,
    /// All handles are gone.
    orphaned: bool,
    planted: Planted,
    /// A timer has fired since the last attempt to connect.
    #[cfg(feature = "planted")]
    fired: bool,
    /// The last field, so the last one to be dropped: `Client::shutdown` waits for that.
    control: mpsc::UnboundedReceiver<Control>,
}

impl Driver {
    pub(crate) fn new(
        core: Core,
        config: &Config,
        control: mpsc::UnboundedReceiver<Control>,
        offers: mpsc::Receiver<Offer>,
        handles: mpsc::WeakUnboundedSender<Control>,
        room: Arc<Notify>,
    ) -> (Self, watch::Receiver<Standing>) {
        let (machine, standing) = Machine::new(core, config, handles);
        let driver = Self {
            machine,
            offers,
            stalled: None,
            room,
            orphaned: false,
            planted: config.planted,
            #[cfg(feature = "planted")]
            fired: false,
            control,
        };
        (driver, standing)
    }

    /// Runs until the client is shut down.
    pub(crate) async fn run<C: Connect>(mut self, mut connector: C) {
        self.machine.start();
        loop {
            match self.turn(&mut Vec::new()) {
                Step::Open => self.open(&mut connector).await,
                Step::Wait(deadline) => self.wait(deadline).await,
                Step::Close => {}
                Step::Stopped => break,
            }
        }
    }

    /// Opens a connection and serves it to its end, unless the core gives it up.
    async fn open<C: Connect>(&mut self, connector: &mut C) {
        let opened = {
            #[cfg(feature = "planted")]
            self.plant_rearm();
            let mut opening = pin!(self.planted.attempt(connector.connect()));
            loop {
                let Step::Wait(deadline) = self.turn(&mut Vec::new()) else { return };
                tokio::select! {
                    biased;
                    opened = &mut opening => break opened,
                    () = self.wait(deadline) => {}
                }
            }
        };
        match opened {
            Ok(stream) => self.serve(Transport::new(stream, self.planted)).await,
            Err(error) => self.machine.handle_failure(error),
        }
    }

    /// Serves an open connection to its end.
    async fn serve<S: AsyncRead + AsyncWrite + Unpin>(&mut self, mut transport: Transport<S>) {
        self.machine.handle(Input::TcpOpened);
        while let Step::Wait(deadline) = self.turn(&mut transport.outgoing) {
            if self.machine.is_shutting_down() && self.planted.has(Bug::ShutdownUnflushed) {
                return;
            }
            let capacity = self.machine.receive_capacity();
            tokio::select! {
                biased;
                io = transport.progress(capacity) => match io {
                    Io::Sent(count) => self.machine.handle(Input::Sent(count)),
                    Io::Received(count) => {
                        self.machine.handle(Input::Received(transport.received(count)));
                    }
                    Io::Closed => self.machine.handle_close(transport.error.take()),
                },
                () = self.wait(deadline) => {}
            }
        }
        if self.machine.is_shutting_down() {
            transport.close_gently().await;
        }
    }

    /// Drains the core and passes on what the handles want, until the core wants something done or
    /// nothing is left. After each order it is drained again, as its contract demands.
    fn turn(&mut self, outgoing: &mut Vec<u8>) -> Step {
        for _ in 0..BATCH {
            let step = self.machine.drain(outgoing);
            if !matches!(step, Step::Wait(_)) {
                return step;
            }
            match self.control.try_recv() {
                Ok(control) => self.obey(control),
                Err(TryRecvError::Disconnected) if !self.orphaned => self.abandon(),
                Err(TryRecvError::Disconnected | TryRecvError::Empty) => break,
            }
        }
        self.take_offers();
        self.machine.drain(outgoing)
    }

    /// Queues publications in the order in which they were offered, as many as there is room for. They
    /// are many, so that they leave in one write.
    fn take_offers(&mut self) {
        for _ in 0..BATCH {
            let Some(offer) = self.stalled.take().or_else(|| self.offers.try_recv().ok()) else {
                break;
            };
            self.stalled = self.machine.accept(offer);
            if self.stalled.is_some() {
                break;
            }
        }
    }

    /// Waits for an order, an offer, room in a queue or the deadline. Cancel-safe.
    async fn wait(&mut self, deadline: Option<Instant>) {
        #[cfg(feature = "planted")]
        let deadline = self.plant_deadline(deadline);
        let sleep = async {
            match deadline {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            control = self.control.recv(), if !self.orphaned => match control {
                Some(control) => self.obey(control),
                None => self.abandon(),
            },
            Some(offer) = self.offers.recv(), if self.stalled.is_none() => {
                self.stalled = Some(offer);
            }
            () = self.room.notified() => {}
            () = sleep => self.time_out(),
        }
    }

    fn time_out(&mut self) {
        #[cfg(feature = "planted")]
        {
            self.fired = true;
        }
        self.machine.handle(Input::Timeout);
    }

    fn obey(&mut self, control: Control) {
        match control {
            // Whoever waits for room has the first turn.
            Control::TryPublish(offer) if self.stalled.is_some() => {
                let _ = offer.reply.send(Err(PublishError::OUTBOX_FULL));
            }
            control => self.machine.obey(control),
        }
    }

    /// The last handle is gone.
    fn abandon(&mut self) {
        self.orphaned = true;
        self.machine.shut_down();
    }
}

/// What planted bugs do to the timer.
#[cfg(feature = "planted")]
impl Driver {
    const fn plant_rearm(&mut self) {
        self.fired = false;
    }

    fn plant_deadline(&self, deadline: Option<Instant>) -> Option<Instant> {
        deadline.filter(|_| !(self.fired && self.planted.has(Bug::TimerNotRearmed)))
    }
}
