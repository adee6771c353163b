//! The broker against MQTT 3.1.1 and MQTT 5: bytes written by hand go in, bytes written by hand
//! must come out. The codec is only on the broker's side, so that an error it makes both ways would
//! show.

mod acknowledging;
mod chopping;
mod connecting;
mod keep_alive;
mod misbehaving;
mod publishing;
mod restarting;
mod retaining;
mod rig;
mod sessions;
mod subscribing;
mod transport;
mod v5;
mod wills;
