//! Random bytes from the operating system, fetched 4 KiB at a time per thread: a call for each nonce would be a system
//! call for each sealed value.

use std::cell::RefCell;

use zeroize::Zeroize;

const POOL_BYTES: usize = 4096;

struct Pool {
    bytes: Vec<u8>,
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

thread_local! {
    static POOL: RefCell<Pool> = const { RefCell::new(Pool { bytes: Vec::new() }) };
}

/// `N` random bytes (at most 4096), which no other call gets; the pool keeps no copy.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    POOL.with_borrow_mut(|pool| {
        if pool.bytes.len() < N {
            pool.bytes.resize(POOL_BYTES.max(N), 0);
            if let Err(error) = getrandom::fill(&mut pool.bytes) {
                // What is in the pool now may be zeros.
                pool.bytes.clear();
                return Err(error);
            }
        }
        let rest = pool.bytes.len() - N;
        let mut drawn = [0; N];
        if let Some(tail) = pool.bytes.get_mut(rest..) {
            drawn.copy_from_slice(tail);
            tail.zeroize();
        }
        pool.bytes.truncate(rest);
        Ok(drawn)
    })
}

#[cfg(test)]
mod tests {
    use super::random;

    #[test]
    fn no_two_draws_are_alike() {
        let mut seen = std::collections::HashSet::new();
        for _ in 0..10_000 {
            assert!(seen.insert(random::<24>().unwrap()));
        }
        assert!(!seen.contains(&[0; 24]));
    }
}
