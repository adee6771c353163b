//! Records: fields joined by a character that no field may contain (PREDECESSORS.md §2.1).

/// Joins fields.
pub(crate) const SEPARATOR: u8 = 127;

/// The first byte of a text that no record can carry, and where it stands: 0 ends a string on the
/// wires, 127 joins fields, and only seven bits of the others arrive.
pub(crate) fn untellable(text: &[u8]) -> Option<(u8, usize)> {
    let at = text.iter().position(|byte| !(1..SEPARATOR).contains(byte))?;
    Some((text[at], at))
}

/// Writes fields into the caller's bytes; remembers if they did not fit.
pub(super) struct RecordWriter<'a> {
    bytes: &'a mut [u8],
    at: usize,
}

impl<'a> RecordWriter<'a> {
    /// A record that begins with this command.
    pub(super) fn new(bytes: &'a mut [u8], command: &str) -> Self {
        let mut writer = Self { bytes, at: 0 };
        writer.append(command.as_bytes());
        writer
    }

    fn append(&mut self, text: &[u8]) {
        if let Some(room) = self.bytes.get_mut(self.at..self.at + text.len()) {
            room.copy_from_slice(text);
        }
        self.at += text.len();
    }

    pub(super) fn field(mut self, text: impl AsRef<[u8]>) -> Self {
        self.append(&[SEPARATOR]);
        self.append(text.as_ref());
        self
    }

    pub(super) fn number(self, number: u32) -> Self {
        let mut digits = [0; 10];
        let mut at = digits.len();
        let mut rest = number;
        while rest > 0 || at == digits.len() {
            at -= 1;
            digits[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        self.field(&digits[at..])
    }

    pub(super) fn flag(self, flag: bool) -> Self {
        self.number(u32::from(flag))
    }

    /// A flag that the original ESP8266 reads with `bool()` of the text: only an empty one is false
    /// (D-01, D-02).
    pub(super) fn truth(self, flag: bool) -> Self {
        self.field(if flag { "1" } else { "" })
    }

    /// Its size, or how much it would have taken.
    pub(super) const fn finish(self) -> Result<usize, usize> {
        if self.at > self.bytes.len() { Err(self.at) } else { Ok(self.at) }
    }
}

/// Splits a record: the command, and the fields behind it.
pub(super) fn split(record: &[u8]) -> (&[u8], Fields<'_>) {
    let mut fields = Fields(Some(record));
    (fields.next().unwrap_or_default(), fields)
}

/// The fields of a record that are left.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a>(Option<&'a [u8]>);

impl<'a> Fields<'a> {
    /// Everything that is left, separators included.
    pub(super) fn rest(self) -> &'a [u8] {
        self.0.unwrap_or_default()
    }

    /// The next field as text.
    pub(super) fn text(&mut self) -> Option<&'a str> {
        core::str::from_utf8(self.next()?).ok()
    }

    /// The next field as a number.
    pub(super) fn number(&mut self) -> Option<u32> {
        self.text()?.parse().ok()
    }

    /// The next field as a flag, in any of the ways in which the predecessors write one.
    pub(super) fn flag(&mut self) -> Option<bool> {
        match self.next()? {
            b"0" | b"False" | b"" => Some(false),
            b"1" | b"True" => Some(true),
            _ => None,
        }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let left = self.0?;
        let end = left.iter().position(|byte| *byte == SEPARATOR);
        self.0 = end.map(|end| &left[end + 1..]);
        Some(&left[..end.unwrap_or(left.len())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_its_fields_joined() {
        let mut bytes = [0; 32];
        let writer = RecordWriter::new(&mut bytes, "p").field("a/b").field([]).truth(false);
        let size = writer.number(1).number(90).flag(true).finish().unwrap_or(0);
        assert_eq!(&bytes[..size], b"p\x7fa/b\x7f\x7f\x7f1\x7f90\x7f1");
    }

    #[test]
    fn a_record_that_does_not_fit_says_what_it_needs() {
        let mut bytes = [0; 4];
        assert_eq!(RecordWriter::new(&mut bytes, "p").field("abc").finish(), Err(5));
    }

    #[test]
    fn fields_come_out_as_they_went_in() {
        let (command, mut fields) = split(b"t\x7f6\x7f\x7fTrue\x7fa\x7fb");
        assert_eq!(command, b"t");
        assert_eq!(
            (fields.number(), fields.flag(), fields.flag()),
            (Some(6), Some(false), Some(true))
        );
        assert_eq!(fields.rest(), b"a\x7fb");
        assert_eq!(
            (fields.next(), fields.next(), fields.next()),
            (Some(&b"a"[..]), Some(&b"b"[..]), None)
        );
        assert_eq!(split(b"m").1.next(), None);
    }

    #[test]
    fn only_1_to_126_can_be_told() {
        assert_eq!(untellable(b"\x01 ~"), None);
        assert_eq!(untellable(b"a\x7f"), Some((127, 1)));
        assert_eq!(untellable("é".as_bytes()), Some((0xC3, 0)));
        assert_eq!(untellable(b"\0"), Some((0, 0)));
    }
}
