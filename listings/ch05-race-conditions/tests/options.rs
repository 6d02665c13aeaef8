//! What is chosen is heard: on the command line, and of keys that not all clients take.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use ch02_hot_reload::arguments::Serve;
use ch02_hot_reload::identity::{Reason, Source};
use ch05_race_conditions::{Options, Reader};
use lab::BOUND;
use lab::agent::{Agent, Strategy};
use lab::authority::{Authority, KeyKind, LeafRequest};
use lab::child::Child;
use lab::log::want;

fn write_for(agent: &mut Agent, names: &[&str]) {
    let mut request = LeafRequest::new("localhost");
    request.names = names.iter().map(|name| (*name).to_owned()).collect();
    let issued = agent.authority().issue(&request).unwrap();
    agent.write(&issued).unwrap();
}

#[tokio::test]
async fn each_option_of_the_command_line_is_heard() {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::new(directory.path(), Strategy::RenameEach).unwrap();
    let another = Authority::new().unwrap();
    let both = format!("{}{}", agent.root_pem(), another.root_pem());
    agent.write_roots(&both).unwrap();
    write_for(&mut agent, &["localhost", "api"]);
    let program = Path::new(env!("CARGO_BIN_EXE_ch05-race-conditions"));
    let more = [
        "--refuse-exposed-key",
        "--refuse-lost-names",
        "--settle-ms",
        "3600000",
        "--rest-ms",
        "0",
        "--poll-ms",
        "5",
    ];
    let arguments = Serve::command_line_with(&agent.files(), &more);
    let child = Child::spawn(program, arguments, |_| ()).unwrap();
    child.port(BOUND).await;
    let rejected = async |reason: &str| {
        let rejected = want("identity_rejected").with("reason", reason);
        let event = child.log().wait_for(&rejected, BOUND).await;
        event.text("detail").unwrap()
    };
    write_for(&mut agent, &["localhost"]);
    assert!(rejected("name_lost").await.ends_with(": api"));
    write_for(&mut agent, &["localhost", "api"]);
    let loaded = want("identity_loaded").with("generation", 2);
    child.log().wait_for(&loaded, BOUND).await;

    let key = agent.files().key;
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(rejected("insecure_mode").await.starts_with("mode 0644: "));
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();

    agent.write_roots(agent.root_pem()).unwrap();
    assert!(rejected("trust_shrunk").await.ends_with(" for 3600s"));
}

/// Which client takes it is for the operator to know. Unless it was chosen it is not served.
#[test]
fn ml_dsa_is_served_where_that_is_chosen() {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::new(directory.path(), Strategy::RenameEach).unwrap();
    agent.authority().set_key_kind(KeyKind::MlDsa44);
    agent.rotate().unwrap();
    let source = Source::localhost(agent.files());
    let read = |ml_dsa| {
        let options = Options {
            ml_dsa,
            ..Options::default()
        };
        Reader::new(options).pausing(|_| ()).read(&source, None)
    };
    let rejected = read(false).unwrap_err();
    assert_eq!(rejected.reason, Reason::Malformed, "{rejected}");
    assert_eq!(rejected.file, source.files.key);
    assert!(rejected.detail.contains("ML-DSA-44"), "{rejected}");
    read(true).unwrap();

    // So it is with what an authority has signed that has such a key, and there the key is not to blame.
    let mut authority = Authority::signing_with(KeyKind::MlDsa44).unwrap();
    agent.write_roots(authority.root_pem()).unwrap();
    let issued = authority.issue(&LeafRequest::new("localhost")).unwrap();
    agent.write(&issued).unwrap();
    let rejected = read(false).unwrap_err();
    assert_eq!(rejected.reason, Reason::ChainBroken, "{rejected}");
    assert_eq!(rejected.file, source.files.certificate);
    let said = "certificate 1 of 2 is signed with ML-DSA-44";
    assert!(rejected.detail.contains(said), "{rejected}");
    read(true).unwrap();
}
