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
        match event.name() {
            "connect_refused" => cost.refused += 1,
            "download_severed" => {
                cost.severed += 1;
                let lost = event.number("bytes").or(event.number("of"));
                cost.wasted_bytes += lost.unwrap_or(0);
            }
            _ => {}
        }
    }
    cost
}
