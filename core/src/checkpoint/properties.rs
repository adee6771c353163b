//! How properties of MQTT 5 are written: as they are in a packet, after their length.

use super::field::{Fields, Out, put_number};
use crate::mqtt::v5::Properties;

/// Writes properties that may be in a packet.
pub(crate) fn put_properties(properties: Properties<'_>, out: &mut Out<'_>) {
    let mut size_bytes = 0;
    properties.write(&mut |part| size_bytes += part.len());
    put_number(size_bytes as u64, out);
    properties.write(out);
}

/// Reads them. `None` where there are none that could be in a packet.
pub(crate) fn get_properties<'a>(from: &mut Fields<'a>) -> Option<Properties<'a>> {
    Properties::read(from.counted()?)
}
