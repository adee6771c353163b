//! Bytes between two fivewire ends: framed, checked, repaired, several in flight.
