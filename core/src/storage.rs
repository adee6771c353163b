//! Bytes that the caller owns.

use crate::error::ConfigError;

/// Anything that lends bytes: `&mut [u8]`, `[u8; N]`, `Box<[u8]>`, `Vec<u8>`.
///
/// A machine never grows, moves or copies its storage; it lives on exactly what it was given.
pub trait Storage: AsRef<[u8]> + AsMut<[u8]> {}

impl<T: AsRef<[u8]> + AsMut<[u8]>> Storage for T {}

/// Whether a buffer, which has this name in the documentation, has at least so many bytes.
pub(crate) fn large_enough<S: Storage>(
    buffer: &'static str,
    storage: &S,
    min_bytes: usize,
) -> Result<(), ConfigError> {
    match storage.as_ref().len() {
        size_bytes if size_bytes < min_bytes => {
            Err(ConfigError::MemoryTooSmall { buffer, size_bytes, min_bytes })
        }
        _ => Ok(()),
    }
}

/// Reads a little-endian `u16` at `at`. All callers read fields of records they wrote themselves.
pub(crate) fn get_u16(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

/// Reads a little-endian `u32` at `at`.
pub(crate) fn get_u32(bytes: &[u8], at: usize) -> u32 {
    u32::from(get_u16(bytes, at)) | u32::from(get_u16(bytes, at + 2)) << 16
}

/// Reads a little-endian `u64` at `at`.
pub(crate) fn get_u64(bytes: &[u8], at: usize) -> u64 {
    u64::from(get_u32(bytes, at)) | u64::from(get_u32(bytes, at + 4)) << 32
}

/// Writes `value` little-endian at `at`.
pub(crate) fn put_u16(bytes: &mut [u8], at: usize, value: u16) {
    bytes[at..at + 2].copy_from_slice(&value.to_le_bytes());
}

/// Writes `value` little-endian at `at`.
pub(crate) fn put_u32(bytes: &mut [u8], at: usize, value: u32) {
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

/// Writes `value` little-endian at `at`.
pub(crate) fn put_u64(bytes: &mut [u8], at: usize, value: u64) {
    bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
}
