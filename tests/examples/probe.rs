use event_store::*;
use std::time::Instant;
fn cpu() -> f64 { let t = std::fs::read_to_string("/proc/self/schedstat").unwrap(); let _ = t; 
 let s = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap(); s.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e3 }
fn main() {
    let data = std::path::PathBuf::from(std::env::args().nth(1).unwrap());
    let fresh = !data.exists();
    let f = tests::bench::stories::Fixture::open(&data);
    let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    if fresh { rt.block_on(f.fill(0, 30_000, tests::bench::stories::Stage::Reviewed)); }
    for _ in 0..3 {
    let connection = rusqlite::Connection::open(data.join("log/events.db")).unwrap();
    let mut q = connection.prepare("SELECT position, metadata, data FROM events ORDER BY position").unwrap();
    let (c0, t) = (cpu(), Instant::now());
    let mut rows = q.query([]).unwrap(); let mut n = 0.0; let mut b = 0;
    while let Some(r) = rows.next().unwrap() { b += r.get_ref(1).unwrap().as_blob().unwrap().len() + r.get_ref(2).unwrap().as_blob().unwrap().len(); n += 1.0; }
    println!("scan {:.3} us cpu/event ({n} events {b} bytes) wall {:?}", (cpu() - c0) / n, t.elapsed());
    let all: Vec<Vec<Recorded>> = std::thread::scope(|s| s.spawn(|| { let rt = tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).enable_all().build().unwrap();
        rt.block_on(async { let mut v = vec![]; let mut after = Position::START; loop { 
            let p = f.log.read_all(after, 2048).await.unwrap(); let Some(l) = p.last() else { break }; after = l.position; v.push(p);} 
            println!("read {:.3} us cpu/event", tokio::task::spawn_blocking(cpu).await.unwrap() / n); v }) }).join().unwrap());
    let c0 = cpu();
    for p in &all { for e in p { std::hint::black_box(f.codec.decode(e).unwrap()); } }
    println!("decode {:.3} us cpu/event", (cpu() - c0) / n);
    let c0 = cpu();
    for p in &all { for e in p { std::hint::black_box(f.codec.decode_metadata(e).unwrap()); } }
    println!("  of it metadata {:.3}", (cpu() - c0) / n);
    let c0 = cpu(); let mut boxes = 0;
    for p in &all { for e in p { if e.data.ends_with(b"\"}}") { boxes += 1; std::hint::black_box(f.codec.decode(e).unwrap()); } } }
    println!("  with boxes {:.3} each of {boxes}", (cpu() - c0) / f64::from(boxes));
    let c0 = cpu(); drop(all); println!("drop {:.3}", (cpu() - c0) / n);
    }
}
