//! The picture says what the events say, in the drawing and in words.

use scraper::{Html, Selector};
use scripts::error::Error;
use scripts::timeline::render;

fn event(ms: u64, name: &str, fields: &str) -> String {
    let (seconds, rest) = (ms / 1000, ms % 1000);
    let comma = if fields.is_empty() { "" } else { "," };
    format!(
        "{{\"ts\":\"2026-11-24T10:00:{seconds:02}.{rest:03}000000Z\",\"event\":\"{name}\"{comma}{fields}}}\n"
    )
}

/// One restart: a download that is cut at 100 ms, nobody until 140 ms, three clients refused.
fn restart() -> String {
    let mut log = event(
        0,
        "identity_loaded",
        r#""generation":1,"serial":"a","process":1"#,
    );
    log += &event(1, "listening", r#""port":1,"process":1"#);
    log += &event(
        10,
        "connection_opened",
        r#""connection":1,"generation":1,"process":1"#,
    );
    log += &event(100, "process_exited", r#""process":1"#);
    for at in [110, 115, 120] {
        log += &event(at, "connect_refused", "");
    }
    log += &event(
        139,
        "identity_loaded",
        r#""generation":2,"serial":"b","process":2"#,
    );
    log += &event(140, "listening", r#""port":1,"process":2"#);
    log += &event(150, "download_severed", r#""bytes":3145728,"of":8388608"#);
    log += &event(
        160,
        "connection_opened",
        r#""connection":1,"generation":2,"process":2"#,
    );
    log + &event(
        200,
        "connection_closed",
        r#""connection":1,"generation":2,"bytes":1,"why":"client_closed","process":2"#,
    )
}

fn count(html: &str, selector: &str) -> usize {
    Html::parse_fragment(html)
        .select(&Selector::parse(selector).unwrap())
        .count()
}

fn text(html: &str, selector: &str) -> String {
    let html = Html::parse_fragment(html);
    let selector = Selector::parse(selector).unwrap();
    html.select(&selector)
        .map(|element| element.text().collect::<String>())
        .collect::<Vec<_>>()
        .join("|")
}

#[test]
fn a_restart_in_a_picture_and_in_words() {
    let figure = render("restart", &restart()).unwrap();
    assert_eq!(count(&figure, "rect.bar"), 2);
    assert_eq!(count(&figure, "rect.bar.generation-1"), 1);
    assert_eq!(count(&figure, "rect.gap"), 1);
    assert_eq!(count(&figure, "path.cut"), 1);
    assert_eq!(count(&figure, "path.refused"), 3);
    assert_eq!(count(&figure, "path.severed"), 1);
    assert_eq!(count(&figure, "line.rotation"), 2);
    assert_eq!(text(&figure, ".gap-label"), "gap 40 ms");
    // Where the log has measured it, the picture says the same.
    let measured = restart() + &event(150, "gap_closed", r#""refused":3,"gap_ms":43.2"#);
    let measured = render("restart", &measured).unwrap();
    assert_eq!(text(&measured, ".gap-label"), "gap 43 ms");
    let caption = text(&figure, "figcaption");
    assert!(
        caption.contains("2 connections under 2 generations, 1 cut, 3 clients refused"),
        "{caption}"
    );
    assert!(
        caption.contains("No process listened for 40 ms."),
        "{caption}"
    );
    assert_eq!(
        caption,
        text(&figure, "svg desc"),
        "one text, for the eye and for the ear"
    );
    let words = text(&figure, "details li");
    for said in [
        "100.0 ms: the server is gone; no process listens for 40 ms, and 3 clients refused",
        "100.0 ms: a connection that was open for 90 ms is cut",
        "150.0 ms: a download is found severed after 3145728 bytes of 8388608",
    ] {
        assert!(words.contains(said), "{words}");
    }
}

/// Servers that are judged one after the other write one log, and each has a generation 1.
#[test]
fn a_generation_has_the_connections_of_its_own_server() {
    let mut log = String::new();
    for (begin, connections) in [(0, 3), (100, 1), (200, 2)] {
        log += &event(begin, "identity_loaded", r#""generation":1,"serial":"a""#);
        for number in 1..=connections {
            let fields = format!(r#""connection":{number},"generation":1"#);
            log += &event(begin + 10 * number, "connection_opened", &fields);
            log += &event(begin + 10 * number + 5, "connection_closed", &fields);
        }
    }
    let words = text(&render("three", &log).unwrap(), "details li");
    for said in [
        "0.0 ms: generation 1 (serial a) is served; 3 connections opened under it",
        "100.0 ms: generation 1 (serial a) is served; 1 connection opened under it",
        "200.0 ms: generation 1 (serial a) is served; 2 connections opened under it",
    ] {
        assert!(words.contains(said), "{words}");
    }
}

/// One drain: one connection leaves when asked, one is cut at the deadline, one is younger.
#[test]
fn a_drain_in_a_picture_and_in_words() {
    let mut log = event(0, "identity_loaded", r#""generation":1,"serial":"a""#);
    for (at, connection, generation) in [(1, 1, 1), (2, 2, 1), (5, 3, 2)] {
        let fields = format!(r#""connection":{connection},"generation":{generation}"#);
        log += &event(at, "connection_opened", &fields);
    }
    log += &event(
        10,
        "drain_started",
        r#""generation":1,"connections":2,"grace_ms":90"#,
    );
    log += &event(
        21,
        "connection_closed",
        r#""connection":1,"generation":1,"bytes":1,"why":"drained""#,
    );
    log += &event(
        102,
        "connection_closed",
        r#""connection":2,"generation":1,"bytes":1,"why":"deadline""#,
    );
    log += &event(103, "drain_finished", r#""generation":1,"cut":1"#);
    log += &event(
        110,
        "connection_closed",
        r#""connection":3,"generation":2,"bytes":1,"why":"client_closed""#,
    );
    let figure = render("drain", &log).unwrap();
    assert_eq!(count(&figure, "rect.drain"), 1);
    assert_eq!(count(&figure, "rect.drained"), 1);
    assert_eq!(count(&figure, "path.cut"), 1);
    assert_eq!(text(&figure, ".drain-label"), "drain of generation 1");
    let caption = text(&figure, "figcaption");
    assert!(
        caption.contains("1 cut, 0 clients refused. 1 connection drained"),
        "{caption}"
    );
    let words = text(&figure, "details li");
    for said in [
        "10.0 ms: drain of generation 1: 2 connections asked to leave",
        "21.0 ms: a connection that was open for 20 ms is drained",
        "102.0 ms: a connection that was open for 100 ms is cut",
        "103.0 ms: drain of generation 1 ends: 1 cut",
    ] {
        assert!(words.contains(said), "{words}");
    }
}

/// A gap of one part in a thousand is drawn all the same, and the caption owns up to it.
#[test]
fn a_short_gap_is_drawn_wider_and_says_so() {
    let mut log = event(0, "listening", r#""port":1"#);
    log += &event(1000, "process_exited", r#""process":1"#);
    log += &event(1002, "listening", r#""port":1"#);
    log += &event(9000, "connect_refused", "");
    let figure = render("short", &log).unwrap();
    assert!(figure.contains("drawn wider than it was"), "{figure}");
    assert!(
        !render("restart", &restart())
            .unwrap()
            .contains("drawn wider")
    );
}

#[test]
fn many_short_connections_share_lanes() {
    let mut log = event(0, "identity_loaded", r#""generation":1,"serial":"a""#);
    for number in 0..300 {
        let at = number * 20;
        log += &event(
            at,
            "connection_opened",
            &format!(r#""connection":{number},"generation":{}"#, number / 60 + 1),
        );
        log += &event(
            at + 5,
            "connection_closed",
            &format!(r#""connection":{number},"bytes":1,"why":"client_closed""#),
        );
    }
    let figure = render("load", &log).unwrap();
    assert_eq!(count(&figure, "rect.bar"), 300);
    let html = Html::parse_fragment(&figure);
    let bars = Selector::parse("rect.bar").unwrap();
    let lanes: std::collections::BTreeSet<_> = html
        .select(&bars)
        .map(|bar| bar.attr("y").unwrap())
        .collect();
    assert!(lanes.len() <= 3, "{lanes:?}");
}

#[test]
fn a_resumed_connection_is_hatched_and_named() {
    let mut log = event(0, "identity_loaded", r#""generation":1,"serial":"a""#);
    log += &event(
        5,
        "connection_opened",
        r#""connection":1,"generation":null,"resumed":true"#,
    );
    log += &event(
        9,
        "connection_closed",
        r#""connection":1,"generation":null,"bytes":1,"why":"client_closed""#,
    );
    let figure = render("resumed", &log).unwrap();
    assert_eq!(count(&figure, "rect.generation-unknown"), 1);
    assert!(text(&figure, "figcaption").contains("1 connection resumed"));
}

/// The first label is long: a rotation that comes soon after it has no room for its own.
#[test]
fn labels_do_not_overlap() {
    let mut log = event(0, "identity_loaded", r#""generation":1,"serial":"a""#);
    log += &event(20, "identity_loaded", r#""generation":2,"serial":"b""#);
    log += &event(500, "identity_loaded", r#""generation":3,"serial":"c""#);
    log += &event(505, "identity_loaded", r#""generation":4,"serial":"d""#);
    log += &event(1000, "listening", r#""port":1"#);
    let figure = render("labels", &log).unwrap();
    assert_eq!(text(&figure, ".rotation-label"), "generations 1–2|3–4");
    // A phone shows the numbers alone.
    assert_eq!(text(&figure, ".rotation-label .word"), "generations ");
    assert_eq!(count(&figure, "line.rotation"), 4);
}

/// Marks from one edge to the other leave no room beside them: the words go between.
#[test]
fn words_stay_inside_the_picture() {
    let mut log = event(0, "identity_loaded", r#""generation":1,"serial":"a""#);
    for at in [20, 400, 980] {
        log += &event(
            at,
            "identity_rejected",
            r#""generation":1,"reason":"pair_mismatch""#,
        );
    }
    log += &event(1000, "listening", r#""port":1"#);
    let figure = render("wide", &log).unwrap();
    let html = Html::parse_fragment(&figure);
    let label = Selector::parse(".mark-label").unwrap();
    let label = html.select(&label).next().unwrap();
    let x: f64 = label.attr("x").unwrap().parse().unwrap();
    let words: String = label.text().collect();
    assert_eq!(words, "files rejected: pair_mismatch");
    assert_eq!(label.attr("text-anchor"), Some("start"));
    assert!(x + words.len() as f64 * 7.4 < 760.0, "{words} at {x}");
}

/// A connection that nobody closed lasts until the end of the run.
#[test]
fn an_open_end_is_no_cut() {
    let mut log = event(0, "connection_opened", r#""connection":1,"generation":1"#);
    log += &event(50, "download_started", r#""of":1"#);
    let figure = render("open", &log).unwrap();
    assert_eq!(count(&figure, "rect.bar"), 1);
    assert_eq!(count(&figure, "path.cut"), 0);
}

#[test]
fn what_is_no_event_is_named_by_its_line() {
    assert_eq!(render("x", ""), Err(Error::NothingToDraw("no events")));
    for (bad, error) in [
        ("not json", "expected"),
        ("{\"event\":\"listening\"}", "without `ts`"),
        ("{\"ts\":\"yesterday\",\"event\":\"listening\"}", ""),
    ] {
        let log = event(0, "listening", "") + bad;
        match render("x", &log) {
            Err(Error::Line(2, said)) => assert!(said.contains(error), "{said}"),
            other => panic!("{other:?}"),
        }
    }
}

/// Every single event, cut off and out of order: an answer each time, and no panic.
#[test]
fn parts_of_a_log_never_panic() {
    let log = restart();
    let lines: Vec<_> = log.lines().collect();
    for from in 0..lines.len() {
        for to in from + 1..=lines.len() {
            let part = lines[from..to].join("\n");
            render("part", &part).unwrap();
            let backwards: Vec<_> = lines[from..to].iter().rev().copied().collect();
            assert_eq!(render("part", &part), render("part", &backwards.join("\n")));
        }
    }
    for cut in 0..log.len() {
        let _ = render("cut", &log[..cut]);
    }
}

/// Nothing from a log becomes markup.
#[test]
fn text_is_escaped() {
    let log = event(
        0,
        "identity_loaded",
        r#""generation":1,"serial":"<script>alert(1)</script>""#,
    );
    assert!(!render("x", &log).unwrap().contains("<script>"));
}

/// A run in virtual time lasts for days: the picture counts in days.
#[test]
fn a_run_of_days_counts_in_days() {
    let run = [
        r#"{"ts":"2027-01-01T00:00:00.000000000Z","event":"identity_loaded","generation":1,"serial":"1001"}"#,
        r#"{"ts":"2027-01-04T00:00:00.000000000Z","event":"identity_rejected","generation":1,"reason":"truncated","file":"tls.crt","detail":""}"#,
        r#"{"ts":"2027-01-08T12:00:00.000000000Z","event":"identity_expiring","generation":1,"level":"expired","seconds_left":-1}"#,
        r#"{"ts":"2027-01-09T00:00:00.000000000Z","event":"handshake_failed","why":"received fatal alert: CertificateExpired"}"#,
    ];
    let figure = render("days", &run.join("\n")).unwrap();
    assert!(figure.contains("One run of 8.0 days"), "{figure}");
    assert!(
        figure.contains("7.5 days: alarm: what is served is expired"),
        "{figure}"
    );
    assert!(figure.contains("8.0 days: a handshake fails"), "{figure}");
    assert!(figure.contains("days since the run began"), "{figure}");
    assert!(figure.contains("alarms: expired"), "{figure}");
    assert!(figure.contains("files rejected: truncated"), "{figure}");
    assert!(figure.contains("1 handshake failed"), "{figure}");
    assert!(!figure.contains(" ms"), "{figure}");
}

fn rejected(ms: u64, reason: &str) -> String {
    let fields = format!(r#""generation":1,"reason":"{reason}""#);
    event(ms, "identity_rejected", &fields)
}

/// The places of marks, and those of labels with their width, a row each.
fn rows(html: &str) -> Vec<(f64, f64, String)> {
    let selector = Selector::parse("text.mark-label").unwrap();
    let html = Html::parse_fragment(html);
    let labels = html.select(&selector);
    let labels = labels.map(|label| {
        let number = |name| label.attr(name).unwrap().parse::<f64>().unwrap();
        (number("y"), number("x"), label.text().collect())
    });
    labels.collect()
}

#[test]
fn words_hide_no_mark_and_stay_in_the_picture() {
    let mut log = event(0, "identity_loaded", r#""generation":1,"serial":"a""#);
    // All over the picture, so that no side and no space has room.
    for at in 0..10 {
        log += &rejected(10 + at * 10, "pair_mismatch");
    }
    let beside = rows(&render("x", &(log.clone() + &event(400, "listening", ""))).unwrap());
    assert!(beside[0].1 > 100.0, "behind the last: {beside:?}");
    let above = rows(&render("x", &(log + &event(110, "listening", ""))).unwrap());
    assert_eq!(above.len(), 1);
    assert!(above[0].1 < 20.0, "in a row of their own: {above:?}");
}

/// The reader of a long line finds its mark at the end of the first one.
#[test]
fn words_of_two_lines_stand_beside_their_marks_where_there_is_room() {
    let long = ["a".repeat(50), "b".repeat(50)];
    for (at, before) in [(900, true), (20, false)] {
        let mut log = event(0, "identity_loaded", r#""generation":1,"serial":"a""#);
        log += &rejected(at, &long[0]);
        log += &rejected(at + 20, &long[1]);
        let figure = render("x", &(log + &event(1000, "listening", ""))).unwrap();
        let lines = rows(&figure);
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert_eq!(lines[0].1, lines[1].1, "{lines:?}");
        assert_eq!(lines[0].1 > 600.0, before, "{lines:?}");
        for (_, x, words) in &lines {
            let width = words.chars().count() as f64 * 7.4;
            let inside = if before {
                *x > width
            } else {
                x + width < 762.0
            };
            assert!(inside, "{words} at {x}");
        }
        let marks = Html::parse_fragment(&figure);
        let cross = Selector::parse("path.cross").unwrap();
        let cross = marks.select(&cross).next().unwrap().attr("d").unwrap();
        let y: f64 = cross.split(' ').nth(2).unwrap().parse().unwrap();
        assert_eq!(y + 8.0, lines[0].0, "{cross}");
    }
}

#[test]
fn many_reasons_go_on_below() {
    let mut log = event(0, "identity_loaded", r#""generation":1,"serial":"a""#);
    for at in 0..12 {
        log += &rejected(10 + at * 10, &format!("a_long_reason_with_number_{at}"));
    }
    let lines = rows(&render("x", &log).unwrap());
    assert!(lines.len() > 2, "{lines:?}");
    for (_, x, words) in &lines {
        assert!(x + words.chars().count() as f64 * 7.4 <= 762.0, "{words}");
    }
    let said: Vec<_> = lines.into_iter().map(|(.., words)| words).collect();
    assert!(said.join(" ").ends_with("number_11"), "{said:?}");
}

#[test]
fn the_end_of_a_certificate_that_is_served_is_in_the_picture() {
    let loaded = |ms, generation: u64, until: &str| {
        let fields = format!(
            r#""generation":{generation},"serial":"a","not_after":"2026-11-24T10:00:{until}Z""#
        );
        event(ms, "identity_loaded", &fields)
    };
    // The first is replaced in time, the second is not, and the third lasts longer than the run.
    let log = loaded(0, 1, "02") + &loaded(1000, 2, "03") + &loaded(4000, 3, "09");
    let html = render("x", &(log + &event(5000, "listening", ""))).unwrap();
    let said: Vec<_> = rows(&html).into_iter().map(|(.., words)| words).collect();
    assert_eq!(said, ["ends: the certificate of generation 2"]);
    assert!(
        html.contains("3000.0 ms: the certificate of generation 2 ends"),
        "{html}"
    );
}

#[test]
fn white_space_that_is_no_gap_is_explained() {
    let open = |ms, n: u64| {
        event(
            ms,
            "connection_opened",
            &format!(r#""connection":{n},"generation":1"#),
        )
    };
    let close = |ms, n: u64| {
        let fields = format!(r#""connection":{n},"generation":1,"why":"client_closed""#);
        event(ms, "connection_closed", &fields)
    };
    let explained = |log: &str| {
        render("x", log)
            .unwrap()
            .contains("no client was connected")
    };
    let first = open(0, 1) + &close(100, 1);
    assert!(explained(&(first.clone() + &open(200, 2) + &close(300, 2))));
    assert!(!explained(
        &(first.clone() + &open(101, 2) + &close(300, 2))
    ));
    // A call that was refused is no silence, and a gap has its own words.
    let refused = event(150, "connect_refused", "");
    assert!(!explained(
        &(first.clone() + &refused + &open(200, 2) + &close(300, 2))
    ));
    let gap = event(100, "process_exited", "") + &event(190, "listening", r#""port":1"#);
    assert!(!explained(
        &(first.clone() + &gap + &open(191, 2) + &close(300, 2))
    ));
    assert!(explained(
        &(first.clone() + &gap + &open(250, 2) + &close(300, 2))
    ));
}

#[test]
fn gaps_that_are_close_have_a_row_each() {
    let mut log = String::new();
    for at in [100, 110] {
        log += &event(at, "process_exited", r#""process":1"#);
        log += &event(at + 2, "listening", r#""port":1,"process":1"#);
    }
    let html = render(
        "x",
        &(event(0, "listening", "") + &log + &event(1000, "listening", "")),
    )
    .unwrap();
    let selector = Selector::parse("text.gap-label").unwrap();
    let html = Html::parse_fragment(&html);
    let rows: Vec<_> = html
        .select(&selector)
        .map(|label| label.attr("y").unwrap())
        .collect();
    assert_eq!(rows.len(), 2);
    assert_ne!(rows[0], rows[1]);
}

/// In a run in which nothing else happens, the picture would be empty: nobody could see what a dead watcher does.
#[test]
fn what_is_loaded_long_after_it_was_written_has_a_mark() {
    let written = |at, serial: &str| {
        let fields = format!(r#""serial":"{serial}","strategy":"in_place""#);
        event(at, "rotation_started", &fields)
    };
    let loaded = |at, generation: u64, serial: &str| {
        let fields = format!(r#""generation":{generation},"serial":"{serial}""#);
        event(at, "identity_loaded", &fields)
    };
    let first = written(0, "1001") + &loaded(1, 1, "1001");
    let late = first.clone() + &written(500, "1002") + &loaded(1000, 2, "1002");
    let html = render("x", &late).unwrap();
    let words = "1002 is written, and loaded 500 ms later";
    assert_eq!(text(&html, "text.mark-label.alarm"), words);
    assert_eq!(count(&html, "path.cross.alarm"), 1);
    assert!(text(&html, "details").contains(&format!("500.0 ms: {words}")));
    // In time, or late because the files were rejected, which has a row of its own.
    for between in [
        written(990, "1002"),
        written(500, "1002") + &rejected(600, "torn"),
    ] {
        let html = render("x", &(first.clone() + &between + &loaded(1000, 2, "1002"))).unwrap();
        assert_eq!(count(&html, "path.cross.alarm"), 0, "{between}");
    }
}
