//! Numbers that one thread writes and many read, without a lock that a reader could have to wait for.
//!
//! There are two copies, of which the version's lowest bit says which is valid. A writer fills the other one, and then makes it
//! the valid one: whatever stops it midway, a `fork()` included, leaves a valid copy. A reader that was overtaken by two writes
//! reads again.

use std::hint;
use std::sync::atomic::{AtomicU64, Ordering, fence};
use std::thread;

/// How often a writer tries before it gives way to other threads.
const SPINS: u32 = 100;

pub struct Latch<const N: usize> {
    version: AtomicU64,
    copies: [[AtomicU64; N]; 2],
    /// The process of the thread that writes, and one more; 0 while none does.
    writer: AtomicU64,
}

impl<const N: usize> Latch<N> {
    pub fn new(words: [u64; N]) -> Self {
        Self {
            version: AtomicU64::new(0),
            copies: [words.map(AtomicU64::new), words.map(AtomicU64::new)],
            writer: AtomicU64::new(0),
        }
    }

    pub fn read(&self) -> [u64; N] {
        loop {
            let version = self.version.load(Ordering::Acquire);
            let copy = &self.copies[(version & 1) as usize];
            let words = std::array::from_fn(|index| copy[index].load(Ordering::Relaxed));
            // Whoever sees a word of a later write also sees its version.
            fence(Ordering::Acquire);
            if self.version.load(Ordering::Relaxed) == version {
                return words;
            }
        }
    }

    /// Replaces the words by what `change` makes of them, one thread at a time. A thread of another process than this one,
    /// which a child of `fork()` does not have, is not waited for.
    pub fn change<R>(&self, process: u32, change: impl FnOnce([u64; N]) -> ([u64; N], R)) -> R {
        let own = u64::from(process) + 1;
        let mut spins = 0;
        let mut seen = 0;
        while let Err(other) = self.writer.compare_exchange_weak(seen, own, Ordering::Acquire, Ordering::Relaxed) {
            seen = if other == own { 0 } else { other };
            spins += 1;
            if spins % SPINS == 0 { thread::yield_now() } else { hint::spin_loop() }
        }
        let (words, result) = change(self.read());
        let version = self.version.load(Ordering::Relaxed);
        let copy = &self.copies[((version + 1) & 1) as usize];
        // The version that made the other copy the valid one comes before the words that replace this one.
        fence(Ordering::Release);
        for (place, word) in copy.iter().zip(words) {
            place.store(word, Ordering::Relaxed);
        }
        self.version.store(version + 1, Ordering::Release);
        self.writer.store(0, Ordering::Release);
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_last_is_read() {
        let latch = Latch::new([1, 2]);
        assert_eq!(latch.read(), [1, 2]);
        for number in 3..9 {
            let before = latch.change(0, |[a, b]| ([a + b, number], a));
            assert_eq!(latch.read()[1], number);
            assert!(before > 0);
        }
    }

    #[test]
    fn a_reader_never_sees_half_a_write() {
        let latch = Latch::new([0; 15]);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..20_000 {
                        latch.change(0, |words| (words.map(|word| word + 1), ()));
                    }
                });
            }
            for _ in 0..2 {
                scope.spawn(|| {
                    let mut last = 0;
                    while last < 40_000 {
                        let words = latch.read();
                        assert!(words.iter().all(|word| *word == words[0]), "{words:?}");
                        assert!(words[0] >= last);
                        last = words[0];
                    }
                });
            }
        });
        assert_eq!(latch.read(), [40_000; 15]);
    }

    #[test]
    fn a_writer_of_the_parent_process_is_not_waited_for() {
        let latch = Latch::new([7]);
        latch.writer.store(1, Ordering::Relaxed); // process 0 was writing when this one came from it
        assert_eq!(latch.read(), [7]);
        latch.change(1, |[word]| ([word + 1], ()));
        assert_eq!(latch.read(), [8]);
    }
}
