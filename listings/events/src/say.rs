//! What a program says on stdout or stderr, which may be closed already.

/// As the standard library's, where it can be written. A reader that has had enough, as `head` has, ends no
/// program: the standard library's macro panics then.
#[macro_export]
macro_rules! println {
    ($($said:tt)*) => {{
        use ::std::io::Write as _;
        let _ = ::std::writeln!(::std::io::stdout(), $($said)*);
    }};
}

/// The same for stderr.
#[macro_export]
macro_rules! eprintln {
    ($($said:tt)*) => {{
        use ::std::io::Write as _;
        let _ = ::std::writeln!(::std::io::stderr(), $($said)*);
    }};
}

/// The same for stderr, and the line goes on.
#[macro_export]
macro_rules! eprint {
    ($($said:tt)*) => {{
        use ::std::io::Write as _;
        let _ = ::std::write!(::std::io::stderr(), $($said)*);
    }};
}
