//! Figures of launches, printed on request.

use std::fs;
use std::time::Instant;

use protocol::monitor::FromMonitor;

use crate::processes::parent_of;
use crate::support::messages::until;
use crate::support::zygote::Zygote;

/// Run with `cargo test --release -p helper --test zygote -- --ignored --nocapture`.
#[test]
#[ignore = "measures"]
fn measure_the_time_and_memory_of_a_launch() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    let (mut started, mut exited, mut phases) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..200 {
        let request = zygote.request(&["/bin/true"]);
        let before = sys::clock::monotonic().in_nanoseconds();
        let start = Instant::now();
        let (container, _) = zygote.launch(request, &[]);
        let message = container.started();
        started.push(start.elapsed().as_micros() as u64);
        assert!(matches!(container.next(), FromMonitor::Exited(_)));
        exited.push(start.elapsed().as_micros() as u64);
        phases.push(
            message
                .phases
                .iter()
                .map(|p| (p.name.clone(), (p.at - before) / 1000))
                .collect::<Vec<_>>(),
        );
        until("the monitor's end", || !container.has_socket());
    }
    for (name, mut times) in [("started", started), ("exited", exited)] {
        times.sort_unstable();
        println!(
            "{name}: min {} p50 {} p90 {} µs",
            times[0], times[100], times[180]
        );
    }
    for index in 0..phases[0].len() {
        let mut times: Vec<u64> = phases.iter().map(|phases| phases[index].1).collect();
        times.sort_unstable();
        println!(
            "  {} at min {} p50 {} µs",
            phases[0][index].0, times[0], times[100]
        );
    }
    let (container, _) = zygote.launch(zygote.request(&["sleep", "1000"]), &[]);
    let monitor = parent_of(container.started().pid);
    for (name, pid) in [("zygote", zygote.pid()), ("monitor", monitor)] {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        for line in status
            .lines()
            .filter(|line| line.starts_with("Rss") || line.starts_with("VmRSS"))
        {
            println!("{name} {line}");
        }
    }
    container.kill();
    container.exited();
}
