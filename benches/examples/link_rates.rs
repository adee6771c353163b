//! Prints the tables of what the five wires carry, or puts them into a file.
//!
//! ```text
//! cargo run --release -p fivewire-benches --example link_rates             # prints them
//! cargo run --release -p fivewire-benches --example link_rates README.md   # puts them there
//! ```

use fivewire_benches::link;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let Some(path) = std::env::args_os().nth(1) else {
        print!("{}", link::tables());
        return Ok(());
    };
    let readme = std::fs::read_to_string(&path)?;
    let readme = link::put_into(&readme).ok_or("the file has no marks for the link's tables")?;
    Ok(std::fs::write(&path, readme)?)
}
