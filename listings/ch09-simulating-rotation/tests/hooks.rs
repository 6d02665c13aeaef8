//! What a hook may leave behind.

use std::fs;
use std::time::Duration;

use ch09_simulating_rotation::rotate::Hook;
use lab::BOUND;
use lab::log::want;

/// A command starts something in the background, which holds what the command wrote to, and ends. It is
/// done, nobody waits for the rest, and the rest goes on: that is how a service is restarted.
#[tokio::test]
async fn what_a_hook_leaves_in_the_background_is_not_waited_for_and_stays() {
    let (log, _capturing) = lab::emit::capture();
    let directory = lab::directory().unwrap();
    let path = |name: &str| directory.path().join(name);
    let (go, gone) = (path("go"), path("gone"));
    let command = format!(
        "(until [ -e {} ] || [ ! -d {} ]; do sleep 0.01; done; echo > {}) &",
        go.display(),
        directory.path().display(),
        gone.display()
    );
    let hook = Hook {
        command: Some(command),
        ..Hook::default()
    };
    hook.tell().await;
    let finished = want("hook_finished").with("hook", "command");
    assert_eq!(log.all(&finished).len(), 1, "{:#?}", log.events());
    // It ends when it is let, and not before.
    fs::write(go, "").unwrap();
    let stayed = async {
        while !gone.exists() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let stayed = tokio::time::timeout(BOUND, stayed).await;
    stayed.expect("it did not outlive its command");
}
