//! The peers of `cargo xtask bench --peers`: commands per second of others who keep events, each command a check of its
//! stream's head and one event of about 420 bytes of JSON, acknowledged when it is on disk.
//!
//! ```sh
//! peers FOLDER MILLISECONDS
//! ```
//!
//! Prints one line of JSON: `{"cqrs_es_64": 1234.5, "umadb_256": 1234.5}`.

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
        [folder, milliseconds] => {
            let time = Duration::from_millis(milliseconds.parse().expect("a number of milliseconds"));
            measure(Path::new(folder), time);
        }
        _ => panic!("peers FOLDER MILLISECONDS"),
    }
}

fn measure(folder: &Path, time: Duration) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
    let figures = runtime.block_on(async {
        serde_json::json!({
            "cqrs_es_64": cqrs::commands_per_second(folder, 64, time).await,
            "umadb_256": uma::commands_per_second(folder, 256, time).await,
        })
    });
    println!("{figures}");
}
