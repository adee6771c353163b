//! The oracle itself is tested: for each promise a history that keeps it passes, and histories that
//! break it are caught, under the name of that promise.

mod bridge;
mod history;
mod marks;
mod marks_wires;
mod mqtt5;
mod mqtt5_aliases;
mod p01_published;
mod p02_order;
mod p03_duplicates;
mod p04_subscriptions;
mod p05_once;
mod p05_received;
mod p06_answers;
mod p06_attempts;
mod p06_converges;
mod p06_unanswered;
mod p07_accounted;
mod p07_habits;
mod p07_handlers;
mod p07_heard;
mod p08_watchdog;
mod p09_kept;
mod p09_pressure;
mod p10_will;
mod p11_time;
mod p12_intrusions;
mod p12_malformed;
mod p12_setups;
mod p12_sizes;
mod p12_tried;
