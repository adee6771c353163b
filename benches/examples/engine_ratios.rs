//! Runs both engines of the simulator on the same schedules and prints how fast each is, or puts it
//! into a file. It takes two minutes.
//!
//! ```text
//! cargo run --release -p fivewire-benches --example engine_ratios             # prints it
//! cargo run --release -p fivewire-benches --example engine_ratios README.md   # puts it there
//! ```

use fivewire_benches::engines;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let table = engines::table(&engines::measure(engines::SEEDS));
    let Some(path) = std::env::args_os().nth(1) else {
        print!("{table}");
        return Ok(());
    };
    let readme = std::fs::read_to_string(&path)?;
    let readme = engines::put_into(&readme, &table).ok_or("the file has no marks for the table")?;
    Ok(std::fs::write(&path, readme)?)
}
