use lab::event::Event;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    pub refused: u64,
    pub severed: u64,
    pub wasted_bytes: u64,
}

pub fn cost(log: &[Event]) -> Cost {
    let mut cost = Cost::default();
    for event in log {
        match (event.name(), event.number("bytes")) {
            ("connect_refused", _) => cost.refused += 1,
            ("download_severed", Some(bytes)) => {
                cost.severed += 1;
                cost.wasted_bytes += bytes;
            }
            _ => {}
        }
    }
    cost
}
