//! What the SDK wants of a program besides `user_init`, and what its libraries want of a C library.

use core::ffi::{c_int, c_void};

use crate::sdk::system;

/// `partition_item_t` (user_interface.h of SDK 3.0).
#[repr(C)]
struct Partition {
    kind: u32,
    address: u32,
    size: u32,
}

/// `SPI_FLASH_SIZE_MAP` of 4 MB with two halves of 512 KB for programs: Feather HUZZAH, D1 Mini,
/// ESP-12.
const FLASH_MAP: u32 = 4;
const FIRST_OF_PROGRAM: u32 = 100;

/// What lies where in flash. `cargo xtask esp8266` prints the same addresses.
static PARTITIONS: [Partition; 5] = [
    Partition { kind: FIRST_OF_PROGRAM + 1, address: 0, size: 0x1_0000 },
    Partition { kind: FIRST_OF_PROGRAM + 2, address: 0x1_0000, size: 0x6_0000 },
    Partition { kind: 4, address: 0x3F_B000, size: 0x1000 }, // calibration of the radio
    Partition { kind: 5, address: 0x3F_C000, size: 0x1000 }, // esp_init_data_default
    Partition { kind: 6, address: 0x3F_D000, size: 0x3000 }, // the SDK's own settings
];

unsafe extern "C" {
    /// API §3.3, user_interface.h.
    fn system_partition_table_regist(table: *const Partition, count: u32, map: u32) -> bool;
}

/// Called by the SDK before anything else (API §3.3, `system_partition_table_regist`).
#[unsafe(no_mangle)]
extern "C" fn user_pre_init() {
    // SAFETY: the table is static, and as long as it says.
    let taken = unsafe {
        system_partition_table_regist(PARTITIONS.as_ptr(), PARTITIONS.len() as u32, FLASH_MAP)
    };
    if !taken {
        system::log(c"this firmware is for 4 MB of flash\n");
        system::restart();
    }
}

/// What LLVM's trap calls: every panic.
#[unsafe(no_mangle)]
extern "C" fn abort() -> ! {
    system::restart()
}

/// C's `memchr`, for espconn.
///
/// # Safety
/// `bytes` is valid for `size` bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn memchr(bytes: *const u8, wanted: c_int, size: usize) -> *const c_void {
    for at in 0..size {
        // SAFETY: within the caller's bytes.
        let byte = unsafe { bytes.add(at) };
        // SAFETY: as above.
        if c_int::from(unsafe { byte.read() }) == wanted & 0xFF {
            return byte.cast();
        }
    }
    core::ptr::null()
}

/// The kinds of characters, as newlib's `ctype.h` has them: upper 1, lower 2, digit 4, space 8,
/// punctuation 16, control 32, hexadecimal letter 64, blank 128. The first entry is for EOF.
static CHARACTERS: [u8; 257] = {
    let mut kinds = [0; 257];
    let mut code = 0;
    while code < 128 {
        let byte = code as u8;
        kinds[code + 1] = match byte {
            b' ' => 8 | 128,
            b'\t'..=b'\r' => 32 | 8,
            b'0'..=b'9' => 4,
            b'A'..=b'F' => 1 | 64,
            b'G'..=b'Z' => 1,
            b'a'..=b'f' => 2 | 64,
            b'g'..=b'z' => 2,
            0x21..=0x7E => 16,
            _ => 32,
        };
        code += 1;
    }
    kinds
};

/// newlib's table, for lwIP's reading of addresses in digits.
#[unsafe(no_mangle)]
static __ctype_ptr__: &[u8; 257] = &CHARACTERS;
