//! `fivewire list`

use fivewire_sim::catalogue;

use crate::cli::ALL;
use crate::format::{Columns, Side};
use crate::output::Output;
use crate::{Refusal, Verdict};

/// Prints the scenarios.
pub(crate) fn execute(output: &mut Output) -> Result<Verdict, Refusal> {
    let mut columns = Columns::new([Side::Left, Side::Left]);
    for scenario in catalogue::ALL {
        columns.row([scenario.name, scenario.about]);
    }
    columns.row([ALL, "each of these but `canary`, one after the other (`sweep` only)"]);
    output.print(&columns.to_string())?;
    Ok(Verdict::Kept)
}
