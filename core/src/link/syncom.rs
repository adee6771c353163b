//! The predecessor's link, bit by bit: strings of characters 1 to 127, unchecked (SPEC.md §1).
