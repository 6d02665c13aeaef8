//! The models of the writers are true: every state in which the real agent leaves the directory
//! occurs in its model, in the same order.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use ch05_race_conditions::writer::{Grain, Set, Writer};
use lab::agent::{Agent, Strategy};
use lab::authority::Issued;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry {
    Directory,
    Link(PathBuf),
    File(u32, Vec<u8>),
}

/// All that a reader can see in a directory, by path.
fn snapshot(directory: &Path) -> BTreeMap<PathBuf, Entry> {
    let mut seen = BTreeMap::new();
    let mut left = vec![directory.to_owned()];
    while let Some(next) = left.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let about = fs::symlink_metadata(&path).unwrap();
            let entry = if about.is_dir() {
                left.push(path.clone());
                Entry::Directory
            } else if about.is_symlink() {
                Entry::Link(fs::read_link(&path).unwrap())
            } else {
                Entry::File(
                    about.permissions().mode() & 0o7777,
                    fs::read(&path).unwrap(),
                )
            };
            seen.insert(path.strip_prefix(directory).unwrap().to_owned(), entry);
        }
    }
    seen
}

fn set(agent: &Agent, issued: &Issued) -> Set {
    Set {
        chain: issued.chain_pem.clone(),
        key: issued.key.expose().to_owned(),
        roots: agent.root_pem().to_owned(),
    }
}

fn is_true_to_the_agent(strategy: Strategy) {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::new(directory.path(), strategy).unwrap();
    let first = agent.rotate().unwrap();
    let second = agent.issue().unwrap();
    let mut real = vec![("before".to_owned(), snapshot(directory.path()))];
    agent
        .write_stepwise(&second, |step| {
            real.push((step.to_owned(), snapshot(directory.path())));
        })
        .unwrap();
    real.push(("done".to_owned(), snapshot(directory.path())));
    assert!(real.len() > 2, "the agent has no steps");

    let model = lab::directory().unwrap();
    let writer = Writer::Agent(strategy);
    for step in writer.lay(&set(&agent, &first)) {
        step.apply(model.path()).unwrap();
    }
    let mut real = real.into_iter().peekable();
    let mut reached = |model: &Path| {
        while real.next_if(|(_, real)| *real == snapshot(model)).is_some() {}
        real.peek().map(|(step, _)| step.clone())
    };
    let mut missing = reached(model.path());
    for step in writer.plan(&set(&agent, &second), Grain::Bytes) {
        step.apply(model.path()).unwrap();
        missing = reached(model.path());
    }
    assert_eq!(
        missing, None,
        "{strategy:?}: the model never looks as the agent does there"
    );
    let files = (agent.files(), writer.files(directory.path()));
    assert_eq!(files.0, files.1);
}

macro_rules! strategies {
    ($($name:ident: $strategy:ident),* $(,)?) => {
        $(
            #[test]
            fn $name() {
                is_true_to_the_agent(Strategy::$strategy);
            }
        )*
    };
}

lab::each_strategy!(strategies);
