//! Parses the files of `/proc` (man 5 proc).

/// From `/proc/<pid>/stat`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessStat {
    pub pid: u32,
    /// The process id of the parent.
    pub parent: u32,
    /// Clock ticks of CPU time.
    pub own_ticks: u64,
    /// Clock ticks of children that have ended and were waited for.
    pub ended_children_ticks: u64,
}

/// The name stands in parentheses and may hold any character.
pub fn parse_stat(text: &str) -> Option<ProcessStat> {
    let (pid, rest) = text.split_once(' ')?;
    let fields: Vec<&str> = rest.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    // `fields` begins with field 3 of the manual, the state.
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    Some(ProcessStat {
        pid: pid.parse().ok()?,
        parent: field(4)? as u32,
        own_ticks: field(14)? + field(15)?,
        ended_children_ticks: field(16)? + field(17)?,
    })
}

/// Memory of a process in kB, split so that shared memory is not counted twice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Memory {
    /// Anonymous memory.
    pub own_kb: u64,
    /// Mapped files and shared memory.
    pub shared_kb: u64,
}

/// Parses the resident memory in `/proc/<pid>/status`.
pub fn parse_memory(text: &str) -> Memory {
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim_start_matches(':').split_ascii_whitespace().next()?.parse::<u64>().ok()
    };
    let value = |name| field(name).unwrap_or_default();
    Memory { own_kb: value("RssAnon"), shared_kb: value("RssFile") + value("RssShmem") }
}

/// Clock ticks in which the machine's cores were busy, from `/proc/stat`. Time that the hypervisor
/// took counts as busy, because it could not be used.
pub fn busy_ticks(text: &str) -> Option<u64> {
    let line = text.lines().next()?.strip_prefix("cpu ")?;
    let ticks: Vec<u64> = line.split_ascii_whitespace().map_while(|n| n.parse().ok()).collect();
    // user, nice, system, idle, iowait, irq, softirq, steal. Guest time is already part of user.
    (ticks.len() >= 8).then(|| ticks[..8].iter().sum::<u64>() - ticks[3] - ticks[4])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stat_is_read_whatever_the_name() {
        let text =
            "4242 (a ) (b) S 17 4242 4242 0 -1 4194560 11 22 33 44 150 50 30 20 20 0 1 0 99 1 2";
        let expected =
            ProcessStat { pid: 4242, parent: 17, own_ticks: 200, ended_children_ticks: 50 };
        assert_eq!(parse_stat(text), Some(expected));
        assert_eq!(parse_stat(""), None);
        assert_eq!(parse_stat("1 (x) S 1"), None);
    }

    #[test]
    fn own_memory_and_shared_memory_are_separate() {
        let text = "Name:\tx\nRssAnon:\t    1200 kB\nRssFile:\t  30 kB\nRssShmem:\t  4 kB\n";
        assert_eq!(parse_memory(text), Memory { own_kb: 1_200, shared_kb: 34 });
        assert_eq!(parse_memory("Name:\tkthread\n"), Memory::default());
    }

    #[test]
    fn idle_and_waiting_cores_are_not_busy() {
        let text = "cpu  100 1 20 5000 30 4 5 6 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n";
        assert_eq!(busy_ticks(text), Some(136));
        assert_eq!(busy_ticks("intr 1"), None);
    }

    #[test]
    fn this_process_can_be_read() {
        let stat = parse_stat(&std::fs::read_to_string("/proc/self/stat").unwrap()).unwrap();
        assert_eq!(stat.pid, std::process::id());
        let memory = parse_memory(&std::fs::read_to_string("/proc/self/status").unwrap());
        assert!(memory.own_kb > 0);
        assert!(busy_ticks(&std::fs::read_to_string("/proc/stat").unwrap()).unwrap() > 0);
    }
}
