//! Keys of personal data: leased in durable blocks, used to seal, destroyed to forget (architecture, rules 10 and 11).
//!
//! Every person has a key of their own, under which what the record says of them is sealed. Forgetting a person destroys
//! the key: the record stays as it was, byte for byte, and nobody can read that part of it again.
//!
//! # How a person comes to a key
//!
//! Keys are made before they are needed. A *lease* makes a block of up to 4096 random keys, seals it under a subkey of
//! the [`MasterKey`] and commits it as one row, with fsync; only then are its *slots* handed out, from memory, one per
//! person. The next block is leased in the background when an eighth of the present one is used, so a new person costs no fsync.
//! What a process did not hand out before it ended is wasted: slots are never handed out by a later process, so no key
//! can serve two people.
//!
//! A [`domain::PersonId`] says where its key lies. It is a version 8 UUID (RFC 9562):
//!
//! | bits | content |
//! |---|---|
//! | 48 (`custom_a`) | number of the block, counting from 1 |
//! | 4 | version, 8 |
//! | 12 (`custom_b`) | slot in the block |
//! | 2 | variant |
//! | 62 (`custom_c`) | random |
//!
//! # In a file
//!
//! One SQLite database in WAL mode with `synchronous=FULL` and `secure_delete=ON`. Destroying a key writes the block
//! anew without it under a new nonce, commits, and empties the write-ahead log into the database, so that no older copy
//! of the block is left in either file. Copies elsewhere (backups, snapshots of the file system, what a flash disk keeps
//! of overwritten pages) hold the key until they are gone: a restore must forget again whom the log says was forgotten.
//!
//! One process at a time may use a ring in a file; the lock of the log's data folder sees to that.
//!
//! # In PostgreSQL
//!
//! The schema `gatehouse_keys`, used by any number of instances. Each leases blocks of its own. A destruction replaces the block only
//! if it has not changed since it was read, in one statement: two destructions in one block cannot undo each other, a destroyed slot
//! never comes back, and an instance that is paused in the middle holds up nobody.
//!
//! *What other instances still hold.* Every instance keeps opened blocks in memory. Each asks every half second which blocks have lost
//! keys, and drops those: a destruction holds everywhere within a second while the database answers. [`KeyRing::forget_cached`], called
//! with the event that says that a person was forgotten, makes it sooner. An instance that could not ask for ten seconds (cut off, or
//! paused) opens nothing from memory until it has asked.
//!
//! *What the database still holds.* PostgreSQL does not overwrite: the state of the block before the destruction, with the destroyed key
//! in it, stays as a dead row version, in the write-ahead log, on standbys, and in backups. The ring begins a `VACUUM` of the table of blocks
//! after each destruction, which frees the dead version, so that no statement can reach it and its place is written over by and by; it does not wipe it
//! from the disk (`VACUUM FULL blocks` of an operator does, with the table locked). Segments of the log are gone when they are recycled,
//! backups when they are deleted. Every copy is sealed under the [`MasterKey`], which the database never has: with the database's disk
//! alone a destroyed key cannot be had; with that disk of the time before and the master key, it can. A restore must forget
//! again whom the log says was forgotten, here, too.
//!
//! [`KeyRing::copy_to_postgres`] carries a ring in a file over; [`KeyRing::backup_to`] writes either kind to a file, which can be restored to either.

mod aead;
mod block;
mod cache;
mod error;
mod lease;
mod master_key;
mod person;
mod random;
mod ring;
mod store;

pub use error::KeyRingError;
pub use master_key::{Link, LoadedMasterKey, MasterKey, MasterKeyOptions, MasterKeySource};
pub use ring::KeyRing;
