//! What another process has used so far, by the kernel's count.

use std::time::Duration;

use crate::Failed;

/// The kernel tells times in hundredths of a second, on every machine that Linux calls by `USER_HZ`.
const TICK: Duration = Duration::from_millis(10);

/// What a process has used since its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Processor time of all its threads, user and system, to a hundredth of a second.
    pub cpu: Duration,
    /// The most memory that it has had in use (`VmHWM`), in KiB.
    pub peak_kib: u64,
}

impl Usage {
    /// That of a process that runs.
    ///
    /// # Errors
    /// When it does not run, or this is not Linux.
    pub fn of(process: u32) -> Result<Self, Failed> {
        let read = |name: &str| std::fs::read_to_string(format!("/proc/{process}/{name}"));
        let cpu = ticks(&read("stat")?).ok_or("the kernel does not tell the processor time")?;
        let peak_kib = peak_kib(&read("status")?).ok_or("the kernel does not tell the peak")?;
        Ok(Self { cpu: TICK * cpu, peak_kib })
    }

    /// That of this process.
    ///
    /// # Errors
    /// When this is not Linux.
    pub fn own() -> Result<Self, Failed> {
        Self::of(std::process::id())
    }
}

/// `utime` and `stime`, the 14th and 15th words. The second is the name, in which there may be anything, brackets included.
fn ticks(stat: &str) -> Option<u32> {
    let mut words = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    Some(words.next()?.parse::<u32>().ok()? + words.next()?.parse::<u32>().ok()?)
}

/// `VmHWM` of a process's `status`.
fn peak_kib(status: &str) -> Option<u64> {
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB"))?;
    peak.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_full_of_brackets_does_not_shift_the_words() {
        let stat = "4711 (a) b) 1 2) S 1 1 1 0 -1 4194560 100 0 0 0 321 45 0 0 20 0 1 0 5 6 7";
        assert_eq!(ticks(stat), Some(366));
        assert_eq!(ticks("nothing"), None);
    }

    #[test]
    fn this_process_is_counted() {
        let begun = std::time::Instant::now();
        while begun.elapsed() < Duration::from_millis(60) {
            std::hint::black_box(crc32fast::hash(&[7; 1024]));
        }
        let used = Usage::own().unwrap();
        assert!(used.cpu >= TICK && used.peak_kib > 1000, "{used:?}");
    }
}
