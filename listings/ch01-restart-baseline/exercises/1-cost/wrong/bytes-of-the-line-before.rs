use lab::event::Event;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    pub refused: u64,
    pub severed: u64,
    pub wasted_bytes: u64,
}

pub fn cost(log: &[Event]) -> Cost {
    let mut cost = Cost::default();
    let mut bytes = 0;
    for event in log {
        bytes = event.number("bytes").unwrap_or(bytes);
        match event.name() {
            "connect_refused" => cost.refused += 1,
            "download_severed" => {
                cost.severed += 1;
                cost.wasted_bytes += bytes;
            }
            _ => {}
        }
    }
    cost
}
