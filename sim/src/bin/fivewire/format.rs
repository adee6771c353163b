//! Numbers, times and tables as people read them.

use std::fmt;

use fivewire_core::time::Instant;

/// Which side of its column a cell keeps to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Side {
    /// Names and sentences.
    Left,
    /// Numbers.
    Right,
}

/// A table of `N` columns as wide as their widest cell.
pub(crate) struct Columns<const N: usize> {
    sides: [Side; N],
    rows: Vec<[String; N]>,
}

impl<const N: usize> Columns<N> {
    pub(crate) const fn new(sides: [Side; N]) -> Self {
        Self { sides, rows: Vec::new() }
    }

    pub(crate) fn row(&mut self, cells: [impl Into<String>; N]) {
        self.rows.push(cells.map(Into::into));
    }
}

impl<const N: usize> fmt::Display for Columns<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |column: usize| {
            let widths = self.rows.iter().map(|row| row[column].chars().count());
            widths.max().unwrap_or(0)
        };
        let widths: [usize; N] = std::array::from_fn(width);
        for row in &self.rows {
            let mut line = String::new();
            for ((cell, width), side) in row.iter().zip(widths).zip(self.sides) {
                let padding = " ".repeat(width - cell.chars().count());
                line += "  ";
                line += &match side {
                    Side::Left => format!("{cell}{padding}"),
                    Side::Right => format!("{padding}{cell}"),
                };
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// `12,345,678`
pub(crate) fn count(number: impl Into<u128>) -> String {
    let digits = number.into().to_string();
    let mut grouped = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 seed`, `2,000 seeds`
pub(crate) fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", count(number))
}

/// The two largest units of a time: `416 d 16 h`, `12 min 3 s`, `3.250 s`.
pub(crate) fn span(micros: u128) -> String {
    let seconds = micros / 1_000_000;
    let two = |large: u128, large_s: u128, large_unit: &str, small_unit: &str, small_s: u128| {
        format!("{} {large_unit} {} {small_unit}", count(large), seconds % large_s / small_s)
    };
    match seconds {
        0..10 => format!("{seconds}.{:03} s", micros % 1_000_000 / 1_000),
        10..60 => format!("{seconds}.{} s", micros % 1_000_000 / 100_000),
        60..3_600 => two(seconds / 60, 60, "min", "s", 1),
        3_600..86_400 => two(seconds / 3_600, 3_600, "h", "min", 60),
        _ => two(seconds / 86_400, 86_400, "d", "h", 3_600),
    }
}

/// A moment of a run, as timelines write it: `723.250`, in seconds.
pub(crate) fn moment(at: Instant) -> String {
    let millis = at.as_millis();
    format!("{}.{:03}", millis / 1_000, millis % 1_000)
}

/// A text as one word of a POSIX shell.
pub(crate) fn shell_word(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_align() {
        let mut columns = Columns::new([Side::Left, Side::Right, Side::Left]);
        columns.row(["a", "1", "x"]);
        columns.row(["bcd", "1,000", ""]);
        assert_eq!(columns.to_string(), "  a        1  x\n  bcd  1,000\n");
    }

    #[test]
    fn numbers_and_times() {
        assert_eq!(count(0_u64), "0");
        assert_eq!(count(999_u64), "999");
        assert_eq!(count(1_234_567_u64), "1,234,567");
        assert_eq!(counted(1, "seed"), "1 seed");
        assert_eq!(counted(1_000, "seed"), "1,000 seeds");
        assert_eq!(span(3_250_000), "3.250 s");
        assert_eq!(span(32_580_000), "32.5 s");
        assert_eq!(span(723_000_000), "12 min 3 s");
        assert_eq!(span(5_400_000_000), "1 h 30 min");
        assert_eq!(span(36_000_000_000_000), "416 d 16 h");
        assert_eq!(moment(Instant::from_millis(723_250)), "723.250");
    }

    #[test]
    fn a_shell_gives_back_what_was_quoted() {
        assert_eq!(shell_word(r#"{"a":"b"}"#), r#"'{"a":"b"}'"#);
        assert_eq!(shell_word("it's"), r"'it'\''s'");
    }
}
