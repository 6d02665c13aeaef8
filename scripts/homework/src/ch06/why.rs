//! Why a client holds what it holds.

use ch06_in_flight_requests::tickets::Tickets;

use super::scene::{Answer, By, Client, Happens, MINUTES, Scene};

/// Why, in paragraphs.
pub(super) fn why(scene: &Scene, answer: &Answer) -> Vec<String> {
    let (newest, generation) = (scene.newest(answer.step), answer.generation);
    match answer.by {
        By::Connection => {
            let mut why = vec![
                "A rotation does not touch an open connection: TLS looks at the certificate in the handshake, and not again."
                    .to_owned(),
            ];
            let is_long = scene.clients[answer.client] == Client::Downloads;
            why.extend(scene.too_old_for(answer).map(|old| match is_long {
                true => format!("It {old}, so the server waits 30 s for its end, and then cuts it."),
                false => format!(
                    "It {old}. It is not closed at once, since a request may be on its way. The answer says `Connection: close`."
                ),
            }));
            why
        }
        By::Session => {
            let mut why = Vec::from_iter(scene.why_not_the_connection(answer));
            let newer = match generation < newest {
                true => format!(", so it does not matter that generation {newest} is served"),
                false => String::new(),
            };
            why.push(format!(
                "It resumes the session that began with generation {generation}. No certificate is shown{newer}."
            ));
            why
        }
        By::Handshake => {
            let mut why = Vec::from_iter(scene.why_not_the_connection(answer));
            why.extend(scene.why_not_the_session(answer));
            why.push(format!(
                "A full handshake shows what is served: generation {newest}."
            ));
            why
        }
    }
}

impl Scene {
    /// The generation that is served after a step.
    pub fn newest(&self, step: usize) -> u64 {
        let taken = self.happens[..step].iter();
        1 + taken.filter(|one| **one == Happens::Rotates).count() as u64
    }

    /// How many minutes are over after a step.
    fn minute(&self, step: usize) -> u64 {
        let taken = self.happens[..step].iter();
        MINUTES * taken.filter(|one| **one == Happens::TimePasses).count() as u64
    }

    /// The newest generation that has to go after a step.
    fn too_old(&self, step: usize) -> u64 {
        self.rules.retirement().too_old(self.newest(step))
    }

    /// Why a client that keeps a connection had to open another one.
    pub fn why_not_the_connection(&self, answer: &Answer) -> Option<String> {
        let old = self.too_old_for(answer)?;
        let gone = match (self.clients[answer.client], answer.told) {
            (Client::Downloads, _) => "it had not come to its end after 30 s, and was cut",
            (_, true) => "the answer before this one said `Connection: close`",
            (_, false) => "it was idle for 30 s more, and was closed",
        };
        Some(format!("The connection that it had {old}: {gone}."))
    }

    /// Why the connection that a client had has to go. `None` where it may stay.
    fn too_old_for(&self, answer: &Answer) -> Option<String> {
        let (opened, generation) = answer.connection?;
        let age = self.minute(answer.step) - self.minute(opened);
        if self.rules.connection_minutes.is_some_and(|life| age > life) {
            return Some(format!("is {age} minutes old, and that is too old"));
        }
        let goes = generation <= self.too_old(answer.step);
        goes.then(|| format!("is of generation {generation}, which has to go"))
    }

    /// Each reason for which a client that keeps a session could not resume it.
    pub fn why_not_the_session(&self, answer: &Answer) -> Vec<String> {
        if !self.clients[answer.client].keeps_a_session() {
            return vec!["It keeps no session.".into()];
        }
        let Some(begun) = answer.session else {
            return Vec::new();
        };
        let mut why = Vec::new();
        let since = &self.happens[begun..answer.step];
        if since.contains(&Happens::Discards) {
            why.push("Its session was discarded by the operator.".into());
        }
        if since.contains(&Happens::Rotates) && self.rules.tickets == Tickets::Discard {
            why.push("Its session was discarded by a rotation.".into());
        }
        let age = self.minute(answer.step) - self.minute(begun);
        if self.rules.session_minutes.is_some_and(|life| age > life) {
            why.push(format!(
                "Its session is {age} minutes old, too old to be resumed."
            ));
        }
        let generation = self.newest(begun);
        if generation <= self.too_old(answer.step) {
            why.push(format!(
                "Its session is of generation {generation}, which has to go: resumed, it would have to leave at once."
            ));
        }
        why
    }
}
