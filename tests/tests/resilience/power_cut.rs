//! Power cuts: the log's file system as the disk had it at random moments, under load.
//!
//! What a program writes lies in the page cache until it is synced; a power cut leaves what had reached the disk by then. The disk
//! here is a file under a loop device, holding an ext4 file system with the log. That file lies on XFS, which can clone a file
//! at one instant while it is written to: each clone is what a power cut at that instant would have left. It is mounted (ext4
//! replays its journal), the log is opened, and everything that had been acknowledged before the clone was begun must be in it.
//!
//! The same with `synchronous=OFF` must lose something, or the test could not tell.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use event_store::{Append, EventStore, Expected, NewEvent, Position, StreamId};
use event_store_sqlite::{Durability, Options, SqliteLog};
use jiff::Timestamp;
use test_support::wait_until;
use tokio::runtime::Runtime;
use uuid::Uuid;

const IMAGES: usize = 30;
const CLIENTS: u64 = 32;
const LIMIT: Duration = Duration::from_secs(120);

const LOG: &str = "GATEHOUSE_TEST_POWER_CUT_LOG";
const UNSAFE: &str = "GATEHOUSE_TEST_POWER_CUT_UNSAFE";

#[test]
fn nothing_acknowledged_is_lost_when_the_power_goes() {
    let Some(disk) = Disk::make() else { return };
    for image in images(&disk, Durability::Full) {
        assert_eq!(image.lost, 0, "{} acknowledged appends are lost of {}", image.lost, image.acknowledged);
    }
}

#[test]
fn without_syncing_the_same_test_finds_something_lost() {
    let Some(disk) = Disk::make() else { return };
    let lost: usize = images(&disk, Durability::UnsafeForPowerCutTests).map(|image| image.lost).take_while(|lost| *lost == 0).count();
    assert!(lost < IMAGES, "nothing was lost in {IMAGES} images although nothing was synced: this test cannot see power cuts");
}

/// What a power cut would have left.
struct Image {
    acknowledged: usize,
    lost: usize,
}

/// Lets a process append, and looks at what power cuts at random moments would have left. The moments are those of so many
/// acknowledgements, and wherever the writer is by the time the clone is made.
fn images(disk: &Disk, durability: Durability) -> impl Iterator<Item = Image> {
    let runtime = Runtime::new().unwrap();
    let writer = Writer::start(&disk.log(), durability);
    (0..IMAGES).map(move |number| {
        let before = writer.acknowledged();
        let spread = (number * 7919 + 13) % 1500;
        wait_until("more acknowledgements", LIMIT, || writer.acknowledged() > before + spread);
        let told = writer.told();
        let image = disk.at_this_instant(|log| Image { acknowledged: told.len(), lost: runtime.block_on(lost(log, &told)) });
        println!("image {number} ({durability:?}): {} of {} acknowledged appends lost", image.lost, image.acknowledged);
        image
    })
}

/// How many of these events are not in their places. Whatever is lost, the log must open and be whole.
async fn lost(log: &Path, told: &[(u64, Uuid)]) -> usize {
    if !log.exists() {
        return told.len();
    }
    let log = match SqliteLog::open(log, Options::new(Arc::new(Timestamp::now))) {
        Ok(log) => log,
        // Without syncing, not even the file is sure to be one.
        Err(_) => return told.len(),
    };
    if !log.check().await.is_ok_and(|report| report.problems.is_empty()) {
        return told.len();
    }
    let mut events = Vec::new();
    let mut after = Position::START;
    loop {
        let Ok(page) = log.read_all(after, 4096).await else { break };
        let Some(last) = page.last() else { break };
        after = last.position;
        events.extend(page.iter().map(|event| event.id));
    }
    let at = |position: u64| usize::try_from(position).ok().and_then(|position| events.get(position.checked_sub(1)?));
    told.iter().filter(|(position, id)| at(*position) != Some(id)).count()
}

/// A process that appends, and says what was acknowledged.
struct Writer {
    child: Child,
    told: Arc<Mutex<Vec<(u64, Uuid)>>>,
}

impl Writer {
    fn start(log: &Path, durability: Durability) -> Self {
        let name = "power_cut::child_that_appends_until_it_is_killed";
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", name, "--ignored", "--nocapture"]).env(LOG, log).stdout(Stdio::piped());
        if durability == Durability::UnsafeForPowerCutTests {
            command.env(UNSAFE, "1");
        }
        let mut child = command.spawn().unwrap();
        let told = Arc::new(Mutex::new(Vec::new()));
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let heard = Arc::clone(&told);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                // The test harness prints lines of its own.
                let parsed = line.split_once(' ').and_then(|(position, id)| Some((position.parse().ok()?, Uuid::try_parse(id).ok()?)));
                heard.lock().unwrap().extend(parsed);
            }
        });
        Self { child, told }
    }

    fn acknowledged(&self) -> usize {
        self.told.lock().unwrap().len()
    }

    fn told(&self) -> Vec<(u64, Uuid)> {
        self.told.lock().unwrap().clone()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // It may have ended by itself, which the test will have noticed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
#[ignore = "runs as a child process, to be killed"]
fn child_that_appends_until_it_is_killed() {
    let mut options = Options::new(Arc::new(Timestamp::now));
    if std::env::var_os(UNSAFE).is_some() {
        options.durability = Durability::UnsafeForPowerCutTests;
    }
    let log = Arc::new(SqliteLog::open(std::env::var_os(LOG).expect("this runs as a child process"), options).unwrap());
    Runtime::new().unwrap().block_on(async {
        let clients: Vec<_> = (0..CLIENTS).map(|number| tokio::spawn(client(Arc::clone(&log), number))).collect();
        for client in clients {
            client.await.unwrap();
        }
    });
}

async fn client(log: Arc<SqliteLog>, number: u64) {
    let stream = StreamId::new("registration", Uuid::from_u64_pair(number, number));
    for version in 0_u64.. {
        let id = Uuid::from_u64_pair(number, version);
        let event =
            NewEvent { id, event_type: "registration.submitted.v1".into(), metadata: Bytes::new(), data: Bytes::from(vec![b'x'; 400]) };
        let expected = version.checked_sub(1).map_or(Expected::NoStream, Expected::Exact);
        let append = Append { stream: stream.clone(), expected, events: vec![event], after: None };
        let appended = log.append(append).outcome().await.unwrap();
        let line = format!("{} {id}\n", appended.position);
        std::io::stdout().write_all(line.as_bytes()).unwrap();
    }
}

/// A disk whose content can be looked at as it is at one instant, while it is written to.
struct Disk {
    /// Where the file system with the log is mounted; gone before what it lies on.
    inner: Mount,
    outer: Mount,
    _folder: tempfile::TempDir,
}

impl Disk {
    /// None, with the reason printed, where this cannot be had.
    fn make() -> Option<Self> {
        if std::env::var_os("GATEHOUSE_TEST_FULL").is_none() {
            println!("skipped: power cuts are tested by `cargo xtask test --full`");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        match Self::make_in(&folder) {
            Ok((inner, outer)) => Some(Self { inner, outer, _folder: folder }),
            Err(reason) => {
                println!("skipped: power cuts need root, loop devices, mkfs.ext4 and mkfs.xfs: {reason}");
                None
            }
        }
    }

    fn make_in(folder: &tempfile::TempDir) -> Result<(Mount, Mount), String> {
        let place = folder.path();
        sparse(&place.join("outer.img"), 6 << 30)?;
        run(Command::new("mkfs.xfs").args(["-q", "-m", "reflink=1"]).arg(place.join("outer.img")))?;
        let outer = Mount::make(&place.join("outer.img"), &place.join("outer"))?;
        let disk = outer.at.join("disk.img");
        sparse(&disk, 2 << 30)?;
        run(Command::new("mkfs.ext4").args(["-q", "-F"]).arg(&disk))?;
        let inner = Mount::make(&disk, &place.join("inner"))?;
        // What was there before the test begins is not what the test is about.
        run(Command::new("sync").arg("-f").arg(&inner.at))?;
        Ok((inner, outer))
    }

    fn log(&self) -> PathBuf {
        self.inner.at.join("events.db")
    }

    /// Clones the disk while it is written to, and looks at the log in the clone.
    fn at_this_instant<T>(&self, look: impl FnOnce(&Path) -> T) -> T {
        let clone = self.outer.at.join("clone.img");
        run(Command::new("cp").arg("--reflink=always").arg(self.outer.at.join("disk.img")).arg(&clone)).unwrap();
        let mount = Mount::make(&clone, &self.outer.at.join("clone")).unwrap();
        let seen = look(&mount.at.join("events.db"));
        drop(mount);
        std::fs::remove_file(clone).unwrap();
        seen
    }
}

/// A mounted image; unmounted when dropped.
struct Mount {
    at: PathBuf,
}

impl Mount {
    fn make(image: &Path, at: &Path) -> Result<Self, String> {
        std::fs::create_dir_all(at).map_err(|error| error.to_string())?;
        run(Command::new("mount").args(["-o", "loop"]).arg(image).arg(at))?;
        Ok(Self { at: at.to_owned() })
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        if let Err(reason) = run(Command::new("umount").arg(&self.at)) {
            println!("{} stays mounted: {reason}", self.at.display());
        }
    }
}

fn sparse(path: &Path, bytes: u64) -> Result<(), String> {
    let file = std::fs::File::create(path).map_err(|error| error.to_string())?;
    file.set_len(bytes).map_err(|error| error.to_string())
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{}: {error}", command.get_program().display()))?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()) }
}
