//! Kind of fault against what the client was doing when it began.

use std::fmt;
use std::ops::AddAssign;

use super::row::FaultRow;

/// What the client was doing. Several may hold at once.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Column {
    /// It joins the network, or pauses before it.
    Wifi,
    /// It opens a TCP connection, or pauses before it.
    TcpWait,
    /// It waits for CONNACK.
    ConnectSent,
    /// It is connected and nothing is under way.
    Idle,
    /// A publication waits for its PUBACK.
    PublishUnacknowledged,
    /// A subscription waits for its SUBACK.
    SubscribeUnacknowledged,
    /// A received QoS 1 message is not acknowledged to the broker.
    InboundUnreleased,
    /// It says goodbye.
    Disconnecting,
}

impl Column {
    /// How many there are.
    pub const COUNT: usize = 8;

    /// All of them, in order.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Wifi,
        Self::TcpWait,
        Self::ConnectSent,
        Self::Idle,
        Self::PublishUnacknowledged,
        Self::SubscribeUnacknowledged,
        Self::InboundUnreleased,
        Self::Disconnecting,
    ];

    /// Its head in the table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wifi => "wifi",
            Self::TcpWait => "tcp-wait",
            Self::ConnectSent => "connect",
            Self::Idle => "idle",
            Self::PublishUnacknowledged => "publish",
            Self::SubscribeUnacknowledged => "subscribe",
            Self::InboundUnreleased => "inbound",
            Self::Disconnecting => "goodbye",
        }
    }

    pub(super) const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// How often a fault of each kind began in each state and then hurt somebody.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Matrix {
    cells: [[u32; Column::COUNT]; FaultRow::COUNT],
}

impl Default for Matrix {
    fn default() -> Self {
        Self { cells: [[0; Column::COUNT]; FaultRow::COUNT] }
    }
}

/// A pair that no run of a drawn schedule can reach, and why.
pub type Unreachable = (FaultRow, Column, &'static str);

const NO_CONNECTION: &str = "there is no connection that it could hurt";
const NO_TIME: &str =
    "DISCONNECT is said and done at one instant, unless a full socket takes nothing";

static UNREACHABLE: [Unreachable; FaultRow::COUNT + 3] = {
    let mut list = [(FaultRow::ALL[0], Column::Disconnecting, NO_TIME); FaultRow::COUNT + 3];
    let mut row = 0;
    while row < FaultRow::COUNT {
        list[row].0 = FaultRow::ALL[row];
        row += 1;
    }
    // the place of TcpReset and TcpHalfOpen in the list of kinds
    list[FaultRow::COUNT] = (FaultRow::ALL[3], Column::Wifi, NO_CONNECTION);
    list[FaultRow::COUNT + 1] = (FaultRow::ALL[4], Column::Wifi, NO_CONNECTION);
    list[FaultRow::COUNT + 2] = (FaultRow::ALL[3], Column::TcpWait, NO_CONNECTION);
    list
};

impl Matrix {
    /// How often a fault of this kind that began in this state hurt somebody.
    #[must_use]
    pub const fn count(&self, row: FaultRow, column: Column) -> u32 {
        self.cells[row.index()][column as usize]
    }

    /// Pairs that cannot be reached by construction.
    #[must_use]
    pub fn unreachable() -> &'static [Unreachable] {
        &UNREACHABLE
    }

    /// Pairs that could have been reached and were not, of the kinds that `can_begin`. Those that need
    /// wires never count: their runs are too short to fill a table; nor do those that need MQTT 5, which
    /// are too few.
    pub fn missed(
        &self,
        can_begin: impl Fn(FaultRow) -> bool,
    ) -> impl Iterator<Item = (FaultRow, Column)> {
        let rows = FaultRow::ALL.into_iter();
        let rows = rows.filter(move |row| {
            let kind = row.kind();
            can_begin(*row) && !kind.needs_wires() && !kind.needs_mqtt5()
        });
        let pairs = rows.flat_map(|row| Column::ALL.into_iter().map(move |column| (row, column)));
        pairs.filter(|&(row, column)| self.count(row, column) == 0 && !is_unreachable(row, column))
    }

    /// As a table; `-` stands for what cannot be reached: kinds that no run `can_begin`, and the
    /// [unreachable](Self::unreachable) pairs.
    pub fn table(&self, can_begin: impl Fn(FaultRow) -> bool) -> impl fmt::Display {
        Table { matrix: self, can_begin }
    }

    /// A fault that began in the states of this set hurt somebody.
    pub(super) fn add(&mut self, row: FaultRow, states: u8) {
        for (cell, column) in self.cells[row.index()].iter_mut().zip(Column::ALL) {
            *cell = cell.saturating_add(u32::from(states & column.bit() != 0));
        }
    }
}

impl AddAssign<&Self> for Matrix {
    fn add_assign(&mut self, other: &Self) {
        for (cell, more) in self.cells.iter_mut().flatten().zip(other.cells.iter().flatten()) {
            *cell = cell.saturating_add(*more);
        }
    }
}

/// A [`Matrix`] as text, see [`Matrix::table`].
struct Table<'a, F> {
    matrix: &'a Matrix,
    can_begin: F,
}

impl<F: Fn(FaultRow) -> bool> fmt::Display for Table<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:22}", "fault \\ state")?;
        for column in Column::ALL {
            write!(f, "{:>10}", column.name())?;
        }
        writeln!(f)?;
        for row in FaultRow::ALL {
            write!(f, "{:22}", row.name())?;
            for column in Column::ALL {
                let count = self.matrix.count(row, column);
                if count == 0 && (!(self.can_begin)(row) || is_unreachable(row, column)) {
                    write!(f, "{:>10}", "-")?;
                } else {
                    write!(f, "{count:>10}")?;
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

fn is_unreachable(row: FaultRow, column: Column) -> bool {
    UNREACHABLE.iter().any(|listed| (listed.0, listed.1) == (row, column))
}
