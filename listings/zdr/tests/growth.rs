//! What each rotation leaves behind is a leak; what a server needs to warm up is none.

use std::time::Duration;

use zdr::judge::growth::{Growth, is_of_memory, of_resources};
use zdr::report::{Code, Handles, Resources};
use zdr::server::process_tree::Usage;

/// What a server used after each rotation, in MiB, half a second apart, and what it added before and after them,
/// each time within a second. Whether that is told as growth.
fn grows(memory: &[u64], idle: [u64; 2]) -> bool {
    grows_beside(memory, &idle)
}

/// The same, where there may have been no time to see what it adds by itself.
fn grows_beside(memory: &[u64], idle: &[u64]) -> bool {
    grows_with(memory, idle, [1, 1])
}

/// The same, of a server with so many processes, at first and in the end.
fn grows_with(memory: &[u64], idle: &[u64], processes: [usize; 2]) -> bool {
    let usage = |mib: u64| {
        Some(Usage {
            memory: mib << 20,
            ..Usage::default()
        })
    };
    let at = |number: usize| Duration::from_millis(500 * number as u64);
    let mut growth = Growth::default();
    for (number, mib) in memory.iter().enumerate() {
        growth.rotated(at(number), usage(*mib));
    }
    for added in idle {
        growth.passed((at(0), usage(100)), (at(2), usage(100 + added)));
    }
    let resources = Resources {
        memory_before: memory[0] << 20,
        memory_after: memory[memory.len() - 1] << 20,
        processes_before: processes[0],
        processes_after: processes[1],
        connections_held: 4,
        handles: None,
    };
    let found = of_resources(&resources, &growth, memory.len() - 1);
    found
        .iter()
        .any(|finding| finding.code == Code::MemoryGrows)
}

/// Measured with Deno 2.9.6, in which two more answers of 10 MB were begun each time and nothing was rotated: it keeps
/// the whole of each until that has come to its end. Where a reload asks connections to leave, the old ones finish
/// theirs, and the new ones have their own.
#[test]
fn what_is_kept_of_answers_in_progress_is_no_leak() {
    let memory = [36, 58, 78, 97, 117, 138, 157, 177, 196];
    assert!(grows(&memory, [0, 0]));
    assert!(!grows_until(&memory, 45), "they have ended");
    assert!(grows_until(&memory, 190), "it stays");
}

/// The same where this much is left once all long answers have come to their end.
fn grows_until(memory: &[u64], left: u64) -> bool {
    let usage = |mib: u64| Usage {
        memory: mib << 20,
        ..Usage::default()
    };
    let at = |number: usize| Duration::from_secs(number as u64);
    let mut growth = Growth::default();
    for (number, mib) in memory.iter().enumerate() {
        growth.rotated(at(number), Some(usage(*mib)));
    }
    let idle = |number| (at(number), Some(usage(100)));
    growth.passed(idle(0), idle(1));
    growth.settled(Some(usage(left)));
    let resources = Resources {
        memory_before: memory[0] << 20,
        memory_after: left << 20,
        processes_before: 1,
        processes_after: 1,
        connections_held: 4,
        handles: None,
    };
    is_of_memory(&resources, &growth, memory.len() - 1)
}

/// Measured with servers that are sound: each grows until its heap has found its size, at each rotation or not.
#[test]
fn a_server_that_warms_up_has_no_leak() {
    let go = [
        17, 24, 32, 39, 46, 53, 59, 66, 71, 71, 71, 72, 72, 72, 72, 72,
    ];
    let java = [
        114, 210, 283, 291, 358, 504, 522, 525, 526, 529, 530, 530, 530,
    ];
    let short = [106, 220, 286, 314, 358, 399, 385, 388, 388, 382, 399];
    assert!(!grows(&go, [12, 0]));
    assert!(!grows(&go, [0, 0]));
    // While it still grows, it grows between rotations as well.
    assert!(!grows(&go[..=10], [14, 0]));
    assert!(!grows(&go[..=7], [14, 13]));
    assert!(!grows(&java, [0, 0]));
    assert!(!grows(&java[..=10], [0, 0]));
    assert!(!grows(&short, [0, 0]));
    // Go, again: garbage of each handshake, until there is a collection. A rotation has handshakes of its own.
    assert!(!grows(
        &[16, 20, 25, 29, 34, 38, 42, 47, 51, 56, 60],
        [5, 5]
    ));
    // What happens once is no leak, be it late.
    assert!(!grows(&[20, 40, 60, 60, 60, 60, 80], [0, 0]));
}

/// h2o starts processes at each reload. Those before serve the clients that they have, and each needs its memory.
#[test]
fn memory_of_processes_that_are_left_is_no_leak_of_its_own() {
    let h2o = [21, 25, 29, 33, 37];
    assert!(!grows_with(&h2o, &[0, 0], [3, 11]));
    // The control: as much in the processes that were there.
    assert!(grows_with(&h2o, &[0, 0], [3, 3]));
    // Or far more than they had.
    assert!(grows_with(&[21, 41, 61, 81, 101], &[0, 0], [3, 5]));
}

/// What a heap adds in its first reloads, or with its clients, is not told from a leak in a run that is too short.
#[test]
fn a_run_that_is_too_short_to_tell_tells_of_no_leak() {
    // Of the server in Java, and the first reloads of one in Go, of which nothing else is known.
    assert!(!grows(&[114, 210], [0, 0]));
    assert!(!grows(&[114, 210, 283], [0, 0]));
    assert!(!grows_beside(&[17, 24, 32, 39, 46, 53, 59], &[]));
    assert!(grows_beside(&[17, 24, 32, 39, 46, 53, 59], &[0, 0]));
}

#[test]
fn what_each_rotation_leaves_behind_is_a_leak() {
    let leak: Vec<u64> = (0..=10).map(|number| 20 + 4 * number).collect();
    assert!(grows(&leak, [0, 0]));
    assert!(grows(&leak, [1, 0]));
    assert!(grows(&[20, 28, 36, 44], [0, 0]));
    // It warms up, and leaks beside.
    let both = [20, 60, 90, 100, 104, 108, 112, 116, 120, 124, 128];
    assert!(grows(&both, [2, 0]));
    // Less than a quarter of it, or than 8 MiB, or than a quarter of a MiB each.
    assert!(!grows(&[100, 108, 116, 124], [0, 0]));
    assert!(!grows(&[10, 12, 14, 16], [0, 0]));
}

/// So many rotations, of which each so-and-so-many-th adds 1 MiB.
fn creeps(rotations: u64, every: u64) -> bool {
    let memory: Vec<u64> = (0..=rotations).map(|number| 20 + number / every).collect();
    grows(&memory, [0, 0])
}

/// 200 kB at each reload are 1.7 GB in a year of hourly ones.
#[test]
fn a_small_leak_is_told_where_there_are_enough_rotations_to_tell_it() {
    assert!(creeps(60, 5));
    assert!(creeps(100, 10));
    // 8 MiB in all may be a heap that finds its size, and less than 64 KiB each is noise in any run.
    assert!(!creeps(40, 5));
    assert!(!creeps(240, 20));
}

/// What is just at a bound is not above it.
#[test]
fn bounds_of_growth_have_to_be_exceeded() {
    assert!(!grows(&[10, 13, 15, 18], [0, 0]), "8 MiB in all");
    assert!(grows(&[10, 13, 15, 19], [0, 0]));
    assert!(!grows(&[40, 44, 47, 50], [0, 0]), "a quarter of it");
    assert!(grows(&[40, 44, 47, 51], [0, 0]));
    // Half a MiB each at last, where it warms up before.
    let late = [20, 22, 24, 26, 27, 28, 28, 28, 29, 29, 30];
    assert!(grows(&late, [0, 0]));
    // 1/16 MiB each: six in the first two thirds, and two in each half of the last.
    let slow = |rotations: u64| {
        let third = rotations.div_ceil(3);
        let (two_thirds, middle) = (rotations - third, rotations - third / 2);
        let added = |number: u64| match number {
            _ if number >= rotations => 10,
            _ if number >= middle => 8,
            _ => 6 * number / two_thirds,
        };
        let memory: Vec<u64> = (0..=rotations).map(|number| 20 + added(number)).collect();
        grows(&memory, [0, 0])
    };
    assert!(!slow(160));
    assert!(slow(159));
}

/// Whether descriptors are said to grow where there were so many before, and so many more after so many rotations.
fn more_descriptors(before: usize, more: usize, rotations: usize) -> bool {
    let usage = |descriptors| Usage {
        descriptors: Some(descriptors),
        threads: 4,
        ..Usage::default()
    };
    let mut growth = Growth::default();
    for at in 0..=rotations {
        let descriptors = before + more * at / rotations;
        growth.rotated(Duration::from_secs(at as u64), Some(usage(descriptors)));
    }
    let resources = Resources {
        memory_before: 0,
        memory_after: 0,
        processes_before: 1,
        processes_after: 1,
        connections_held: 10,
        handles: Some(Handles {
            descriptors_before: before,
            descriptors_after: before + more,
            threads_before: 4,
            threads_after: 4,
        }),
    };
    let found = of_resources(&resources, &growth, rotations);
    found.iter().any(|of| of.code == Code::DescriptorsGrow)
}

#[test]
fn ten_descriptors_more_and_one_for_each_rotation_are_told() {
    assert!(more_descriptors(20, 10, 5));
    assert!(!more_descriptors(20, 9, 5), "a few come and go");
    assert!(more_descriptors(20, 12, 12));
    assert!(!more_descriptors(20, 11, 12), "fewer than rotations");
    assert!(more_descriptors(20, 10, 3));
    assert!(!more_descriptors(20, 10, 2), "it warms up");
}

/// Whether processes are left where so many had ended, and were not waited for, before the first rotation and after each.
fn leaves(unwaited: &[usize]) -> bool {
    let mut growth = Growth::default();
    for (number, unwaited) in unwaited.iter().enumerate() {
        let usage = Usage {
            processes: 1,
            unwaited: *unwaited,
            ..Usage::default()
        };
        growth.rotated(Duration::from_secs(number as u64), Some(usage));
    }
    let resources = Resources {
        memory_before: 0,
        memory_after: 0,
        processes_before: 1,
        processes_after: 1,
        connections_held: 4,
        handles: None,
    };
    let found = of_resources(&resources, &growth, unwaited.len() - 1);
    found.iter().any(|of| of.code == Code::ProcessesLeft)
}

#[test]
fn a_child_that_ends_at_each_rotation_and_is_not_waited_for_is_left() {
    assert!(leaves(&[0, 1, 2, 3, 4]));
    assert!(leaves(&[0, 1, 2, 3]));
    assert!(!leaves(&[0, 1, 2]), "it warms up");
    assert!(!leaves(&[0, 1, 0, 1, 1]), "it is waited for at the next");
    assert!(!leaves(&[7, 7, 7, 7, 7]), "they were there before");
}

/// What is said of a server that keeps so many hundredths of a processor busy, for a second before the first rotation and
/// for a second after the last.
fn busy(before: u64, after: u64) -> String {
    let second = rustix::param::clock_ticks_per_second();
    let at = |seconds, hundredths: u64| {
        let usage = Usage {
            ticks: 1000 + hundredths * second / 100,
            ..Usage::default()
        };
        (Duration::from_secs(seconds), Some(usage))
    };
    let mut growth = Growth::default();
    growth.passed(at(0, 0), at(1, before));
    growth.passed(at(9, 0), at(10, after));
    growth.of_processor()
}

#[test]
fn a_server_that_has_more_to_do_after_its_reloads_is_told_from_a_machine_that_has() {
    let words = busy(10, 190);
    let said = "kept 0.1 processors busy before the first rotation, and 1.9 after the last";
    assert!(words.contains(said), "{words}");
    // The same, less, or no more than noise.
    for (before, after) in [(10, 10), (190, 10), (0, 49)] {
        assert_eq!(busy(before, after), "", "{before} {after}");
    }
    assert!(!busy(0, 51).is_empty());
    assert_eq!(Growth::default().of_processor(), "");
}

/// Whether a server is said to be left with work that used so many hundredths of a processor, and waited for so many
/// more: before the first rotation, after each, and after the last, as often as was looked.
fn is_left_with_work(idle: &[(u64, u64)], gaps: &[(u64, u64)]) -> bool {
    let second = rustix::param::clock_ticks_per_second();
    let mut now = (Duration::ZERO, Usage::default());
    let mut passed = |(used, waited): (u64, u64)| {
        let began = now;
        now.0 += Duration::from_secs(1);
        now.1.ticks += used * second / 100;
        now.1.waited += Duration::from_millis(waited * 10);
        [began, now].map(|(at, usage)| (at, Some(usage)))
    };
    let mut growth = Growth::default();
    let (before, after) = idle.split_first().expect("there is a time before");
    let [began, ended] = passed(*before);
    growth.idled(began, ended);
    for gap in gaps {
        let [began, ended] = passed(*gap);
        growth.went_on(began, ended);
    }
    for after in after {
        let [began, ended] = passed(*after);
        growth.idled(began, ended);
    }
    let resources = Resources {
        memory_before: 0,
        memory_after: 0,
        processes_before: 1,
        processes_after: 1,
        connections_held: 0,
        handles: None,
    };
    let found = of_resources(&resources, &growth, gaps.len());
    let told = found.iter().any(|of| of.code == Code::ProcessorGrows);
    assert!(!told || growth.is_restless(), "it was not watched");
    told
}

#[test]
fn work_that_each_reload_leaves_behind_is_told() {
    // A thread each, with two processors; a task, which shares one thread with all others.
    assert!(is_left_with_work(
        &[(10, 0), (180, 200)],
        &[(100, 5), (180, 90), (190, 190)]
    ));
    assert!(is_left_with_work(&[(10, 0), (100, 0)], &[(98, 0); 3]));
    // After some reloads the machine had no time for it, or there was no time to look.
    let gaps = [(100, 0), (30, 90), (20, 90), (110, 80)];
    assert!(is_left_with_work(&[(10, 0), (90, 90)], &gaps));
    assert!(is_left_with_work(&[(10, 0), (90, 90)], &[]));
    // Others leave it little all the time.
    assert!(is_left_with_work(&[(10, 0), (40, 260)], &[(40, 260); 3]));
    // For a moment, the machine has little time for it.
    let idle = [(10, 0), (100, 90), (100, 90), (25, 160)];
    assert!(is_left_with_work(&idle, &gaps));
}

#[test]
fn work_that_ends_or_was_there_before_is_not_left_behind() {
    // Busy all the time, alone or beside others, and more so when they have ended.
    assert!(!is_left_with_work(&[(100, 0), (100, 0)], &[(100, 0); 3]));
    assert!(!is_left_with_work(&[(60, 140), (190, 10)], &[(190, 10); 3]));
    // Little to do, and a machine on which it has to wait for that.
    assert!(!is_left_with_work(&[(10, 0), (12, 300)], &[(12, 300); 3]));
    assert!(!is_left_with_work(&[(40, 0), (55, 145)], &[(55, 145); 3]));
    // At work after each reload, and done with the last.
    assert!(!is_left_with_work(
        &[(10, 0), (100, 0), (10, 0)],
        &[(100, 0); 3]
    ));
    // What happens once in a while happens after some of the rotations.
    let gaps = [(10, 0), (10, 0), (100, 0), (10, 0)];
    assert!(!is_left_with_work(&[(10, 0), (100, 0)], &gaps));
    // No more than noise, and less than before.
    assert!(!is_left_with_work(&[(10, 0), (55, 0)], &[(55, 0); 3]));
    assert!(!is_left_with_work(&[(190, 0), (10, 0)], &[(10, 0); 3]));
    // The run ended before there was a time after.
    assert!(!is_left_with_work(&[(10, 0)], &[(100, 0); 3]));
}

/// Whether threads are left, of which there were one more after each of five rotations, and so many at looks before the
/// first one and after the last.
fn threads_of(before: &[usize], after: &[usize]) -> bool {
    let usage = |threads| Usage {
        threads,
        descriptors: Some(5),
        ..Usage::default()
    };
    let mut growth = Growth::default();
    for seen in before {
        growth.looked(Some(usage(*seen)));
    }
    for at in 0..=5 {
        let threads = 10 + 3 * at as usize;
        growth.rotated(Duration::from_secs(at), Some(usage(threads)));
    }
    for seen in after {
        growth.looked(Some(usage(*seen)));
    }
    let resources = Resources {
        memory_before: 0,
        memory_after: 0,
        processes_before: 1,
        processes_after: 1,
        connections_held: 10,
        handles: Some(Handles {
            descriptors_before: 5,
            descriptors_after: 5,
            threads_before: 10,
            threads_after: 25,
        }),
    };
    let found = of_resources(&resources, &growth, 5);
    found.iter().any(|of| of.code == Code::DescriptorsGrow)
}

#[test]
fn a_thread_for_each_client_is_no_thread_that_a_rotation_leaves() {
    assert!(threads_of(&[], &[]), "nobody looked");
    assert!(threads_of(&[10, 11, 10], &[25, 26]));
    assert!(!threads_of(&[10, 26, 14], &[25, 13]));
}

/// Whether processes are left where so many were counted before the first rotation, and after the last.
fn leaves_of(before: &[usize], after: &[usize]) -> bool {
    let mut growth = Growth::default();
    let processes = |seen: &usize| Usage {
        processes: *seen,
        ..Usage::default()
    };
    for seen in before {
        growth.looked(Some(processes(seen)));
    }
    for at in 0..=5 {
        growth.rotated(Duration::from_secs(at), Some(Usage::default()));
    }
    for seen in after {
        growth.looked(Some(processes(seen)));
    }
    let resources = Resources {
        memory_before: 0,
        memory_after: 0,
        processes_before: *before.last().unwrap(),
        processes_after: *after.last().unwrap(),
        connections_held: 10,
        handles: None,
    };
    let found = of_resources(&resources, &growth, 5);
    found.iter().any(|of| of.code == Code::ProcessesLeft)
}

/// vsftpd has two processes for each client, and no more of them after a reload: 27 were counted before one, and 49
/// after it.
#[test]
fn processes_of_clients_that_come_and_go_are_not_left() {
    assert!(!leaves_of(&[22, 31, 25, 27], &[26, 22, 30, 49]));
    // hitch: one that serves its last clients.
    assert!(leaves_of(&[3, 3, 3], &[4, 5, 4]));
    assert!(!leaves_of(&[3, 3, 3], &[4, 3, 4]), "it has ended meanwhile");
}
