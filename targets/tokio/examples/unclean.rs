//! A session that outlives its connections: what was said while the pump was away is delivered once
//! it is back.
//!
//! ```sh
//! mosquitto & cargo run -p fivewire-tokio --example unclean
//! ```
//!
//! Compare `clean`; in the simulator it is `sim/examples/simulated_unclean.rs`.

mod pump;

use std::error::Error;

/// The topics of the orders that the pump heard after it came back.
pub(crate) async fn run(broker: &str) -> Result<Vec<String>, Box<dyn Error>> {
    pump::play(broker, false).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let broker = std::env::args().nth(1).unwrap_or_else(|| "localhost".to_owned());
    println!("the pump heard {:?}", run(&broker).await?);
    Ok(())
}
