//! The peers of `cargo xtask bench --peers`: commands per second of others who keep events, each command a check of its
//! stream's head and one event of about 420 bytes of JSON, acknowledged when it is on disk.
//!
//! ```sh
//! peers FOLDER MILLISECONDS sqlite-es
//! peers FOLDER MILLISECONDS postgres-es ADDRESS
//! peers FOLDER MILLISECONDS umadb
//! ```
//!
//! Prints the figure.

mod cqrs;
mod load;
mod uma;

use std::path::Path;
use std::time::Duration;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [uma::SERVE, file, address] => uma::serve(Path::new(file), address),
        [folder, milliseconds, ref peer @ ..] => {
            let time = Duration::from_millis(milliseconds.parse().expect("a number of milliseconds"));
            println!("{}", measure(Path::new(folder), time, peer));
        }
        _ => panic!("peers FOLDER MILLISECONDS sqlite-es | postgres-es ADDRESS | umadb"),
    }
}

fn measure(folder: &Path, time: Duration, peer: &[&str]) -> f64 {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
    runtime.block_on(async {
        match *peer {
            ["sqlite-es"] => cqrs::on_sqlite(folder, 64, time).await,
            ["postgres-es", address] => cqrs::on_postgres(address, 64, time).await,
            ["umadb"] => uma::commands_per_second(folder, 256, time).await,
            _ => panic!("there is no peer {peer:?}"),
        }
    })
}
