//! A session that ends with its connection: what was said while the pump was away is not delivered.
//!
//! ```sh
//! mosquitto & cargo run -p fivewire-tokio --example clean
//! ```
//!
//! Compare `unclean`; in the simulator it is `sim/examples/simulated_clean.rs`.

mod pump;

use std::error::Error;

/// The topics of the orders that the pump heard after it came back.
pub(crate) async fn run(broker: &str) -> Result<Vec<String>, Box<dyn Error>> {
    pump::play(broker, true).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let broker = std::env::args().nth(1).unwrap_or_else(|| "localhost".to_owned());
    println!("the pump heard {:?}", run(&broker).await?);
    Ok(())
}
