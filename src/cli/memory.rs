//! How much memory there is, and how much was needed.

/// The most memory that this process ever held (bytes), where the system tells.
pub fn peak_memory() -> Option<u64> {
    bytes_of("VmHWM:", &std::fs::read_to_string("/proc/self/status").ok()?)
}

/// The memory that can be taken without swapping (bytes), where the system tells.
#[cfg(feature = "llm")]
pub fn available_memory() -> Option<u64> {
    bytes_of("MemAvailable:", &std::fs::read_to_string("/proc/meminfo").ok()?)
}

/// The number of bytes behind a name in a table of Linux's proc file system.
fn bytes_of(name: &str, table: &str) -> Option<u64> {
    let line = table.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_read_from_the_status_of_the_process() {
        let status = "VmPeak:\t 9 kB\nVmHWM:\t  2048 kB\nVmRSS:\t 1 kB\n";
        assert_eq!(bytes_of("VmHWM:", status), Some(2_097_152));
        assert_eq!(bytes_of("VmHWM:", "Name: x\n"), None);
    }
}
