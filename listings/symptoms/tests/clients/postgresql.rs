//! libpq, in `psql`.

use crate::bench::Bench;
use crate::capture::{Scenes, run};
use crate::doors::Doors;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn libpq() {
    // The `psql` of Debian's search path is a script that looks for this one.
    let Some(postgres) = lab_test::peer::find("postgres") else {
        return;
    };
    let psql = postgres.canonicalize().unwrap().with_file_name("psql");
    let bench = Bench::new();
    let doors = Doors::open(&bench).await;
    let mut scenes = Scenes::of("libpq");
    for (scene, door, more) in [
        ("expired", "postgres-expired", ""),
        ("other-name", "postgres-other-name", ""),
        ("no-tls", "postgres-refusing", ""),
        ("no-roots", "postgres-good", "sslrootcert=gone.pem"),
        ("mutual", "postgres-mutual", ""),
        (
            "client-expired",
            "postgres-mutual",
            "sslcert=expired.crt sslkey=expired.key",
        ),
        (
            "mixed",
            "postgres-mutual",
            "sslcert=mixed.crt sslkey=mixed.key",
        ),
        (
            "no-key",
            "postgres-mutual",
            "sslcert=good.crt sslkey=gone.key",
        ),
        (
            "shown-key",
            "postgres-mutual",
            "sslcert=good.crt sslkey=shown.key",
        ),
        ("cut", "postgres-mutual", "sslcert=cut.crt sslkey=cut.key"),
        ("unheard", "unheard", ""),
    ] {
        let port = doors.port(door);
        let connection = format!(
            "host=localhost hostaddr=127.0.0.1 port={port} user=reader dbname=data gssencmode=disable sslmode=verify-full sslrootcert=roots.pem {more}"
        );
        bench.write(
            "shown.key",
            &std::fs::read_to_string(bench.path("good.key")).unwrap(),
        );
        let everybody = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        std::fs::set_permissions(bench.path("shown.key"), everybody).unwrap();
        let mut command = bench.command(&psql);
        command.args(["-X", "-w", "-c", "select 1", &connection]);
        scenes.add(scene, run(&mut command).await);
    }
    scenes.check().await;
}
