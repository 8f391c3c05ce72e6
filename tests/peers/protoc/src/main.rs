//! Prints where the protobuf compiler is: UmaDB's build wants one in `PROTOC`, and not every machine has it.

fn main() {
    let path = protoc_bin_vendored::protoc_bin_path().expect("there is a compiler for this platform");
    println!("{}", path.display());
}
