use lab::event::Event;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    pub refused: u64,
    pub severed: u64,
    pub wasted_bytes: u64,
}

pub fn cost(log: &[Event]) -> Cost {
    let named = |name: &'static str| log.iter().filter(move |event| event.name() == name);
    let bytes = named("download_severed").map(|event| event.number("bytes").unwrap());
    Cost {
        refused: named("connect_refused").count() as u64,
        severed: named("download_severed").count() as u64,
        wasted_bytes: bytes.sum(),
    }
}
