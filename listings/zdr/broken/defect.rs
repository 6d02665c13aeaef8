//! What can be wrong with the server: one thing at a time.

use clap::ValueEnum;

/// A defect. The numbers are those of the book's failure catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Defect {
    /// It follows its files by ending and beginning again. Where every service begins: the
    /// certificate is an argument of the process, and an orchestrator restarts it.
    Restart,
    /// It closes its listener while it reloads, and lets its connections live. A supervisor that
    /// starts the new process only once the old one has let go of the port.
    Gap,
    /// It closes all connections at each reload. A library whose `reload` stops and starts the
    /// server behind one socket.
    SeverOnReload,
    /// #1: it watches the file, and the watch dies with the inode at the first rename. The example
    /// of most watch libraries (cilium#13621, controller-runtime#2893).
    ReloadOnce,
    /// #2: after an event it watches the file anew, and does without when there is none: it was
    /// removed, and is not created yet (controller-runtime#3020).
    LostOnRemove,
    /// #3, #4: it reads at the first event, and publishes what it got: certificate of one
    /// generation, key of the other. Libraries that take both without comparing them.
    TornPair,
    /// #5: it parses until something does not parse. `SSL_CTX_use_certificate_chain_file` and many
    /// a loop over PEM blocks: what is cut between two blocks is shorter, and no error.
    TruncatedChain,
    /// #6, #7: it reads in the middle of a write, and publishes what it has. A writer that
    /// truncates in place (spiffe-helper#422), and a reader that gives up waiting (Envoy).
    MidWrite,
    /// #8: it reloads only what is newer than what it has. A cache that is keyed by mtime.
    NewerOnly,
    /// #14: it looks at the first event, and not at those that follow it closely. A debouncer that
    /// fires at the leading edge (envoy#39498).
    LeadingEdge,
    /// #13: where there are no files at the start, it never looks again (envoy#26312).
    AbsentAtStart,
    /// #15: between the first load and the watch there is time, and no second look.
    LostBeforeWatch,
    /// #16, #19: a file that cannot be read or does not parse ends the process. An error that is
    /// returned as far as `main`.
    ExitsOnBadFile,
    /// #18: it compares leaf and key, so that a new intermediate is no news.
    ChainOnlyIgnored,
    /// #19: it lets go of the old before it has the new.
    LastGoodLost,
    /// #20: it loads into the context that is live, and a failed load leaves it unusable forever
    /// (Python's `load_cert_chain`).
    ChangedInPlace,
    /// #21: it rebuilds its configuration from defaults, which ask clients for nothing.
    ClientAuthDropped,
    /// #22: it logs what it could not use, and that was the key.
    KeyInLog,
    /// #25: two reloads run at once, and the one that read first publishes last.
    OlderWins,
    /// #26: of two workers, one finds out later.
    WorkersDisagree,
    /// #27: it logs that it has reloaded, and serves what it served.
    LyingLog,
    /// #28: the task that watches ends with the first file it cannot use, and nothing is logged.
    WatcherDies,
    /// #29: sessions are resumed however old the certificate is under which they began.
    ResumesForEver,
    /// #30: sessions of clients whose CA was removed are resumed (CVE-2025-68121,
    /// CVE-2025-23419).
    RemovedTrustResumes,
    /// #31: each reload makes new ticket keys, and each client that returns pays for it
    /// (haproxy#2169).
    TicketsLost,
    /// #32: a CA that the file does not list is gone at once, be it that the file is half written
    /// (linkerd2#4287).
    TrustBelievedAtOnce,
    /// #33: the CAs of clients are those of the start forever (linkerd2#13613, kubernetes#119483).
    TrustNeverReloaded,
    /// #51: one list of trust anchors for both: by which its own chain is judged, and by which it
    /// judges its clients. Whoever has a leaf of its own authority gets in.
    OneTrust,
    /// #34: it does not ask whether the certificate is valid yet (vault#1035).
    NotYetValid,
    /// #34: it does not ask whether the certificate is valid still.
    Expired,
    /// #35: it does not ask whether the certificate bears its name.
    WrongName,
    /// #35: it does not ask whether the certificate leads to a root that its clients hold.
    Stranger,
    /// #37: it never asks a connection to leave, however many generations ago it was opened.
    NeverLetsGo,
    /// #38: once the cache is filled, a hit returns nothing: the second call of a context manager.
    SecondCallNone,
    /// #39: it opens the file in each handshake, to see whether it has changed.
    FileIoInHandshake,
    /// #41: it takes a renewal for older than what it has when that ends earlier
    /// (opensearch-security#1797).
    ShorterRefused,
    /// #41: it reads the end of a certificate as a year of two digits, and there are certificates that end after
    /// 2049.
    TwoDigitYears,
    /// #41: it takes a renewal for older than what it has when that begins earlier: it was backdated.
    EarlierRefused,
    /// #42: it puts its chain together from issuers that it knows by name, and one has the name and not the key.
    IssuerByName,
    /// #42: it has room for a leaf and one intermediate.
    TwoCertificates,
    /// #42: it takes a leaf of another issuer for somebody else's (opensearch-security#4509).
    IssuerPinned,
    /// #42: it holds on to the root of its first certificate, though it is told of others.
    RootPinned,
    /// #43: it asks for the date of the key's file alone (temporalio/ui#3178).
    KeyDateOnly,
    /// #43: it compares keys, so that a certificate for the same key is no news.
    SameKeyIgnored,
    /// #59: it keeps a certificate for each kind of key, as a context of OpenSSL does that is loaded into
    /// again: a renewal of another kind leaves the old one in its place.
    SlotPerKind,
    /// #59: it takes a renewal of another kind of key for somebody else's.
    KeyKindPinned,
    /// #44: a reload waits for handshakes that are in progress (percona-server PR#5036).
    WaitsForHandshakes,
    /// #45: each reload leaves descriptors open (hitch#193).
    DescriptorsLeak,
    /// #45: each reload leaves threads behind: a timer of its own.
    ThreadsLeak,
    /// #45: each reload that fails leaves descriptors open: only the way to success closes them.
    FailureLeaks,
    /// #53: it takes a file with the inode and the date that it knows for the file that it knows
    /// (nginx's `ssl_object_cache_inheritable`).
    InodeAndDate,
    /// It keeps the certificates of earlier chains, and sends them with the new leaf.
    ChainsMixed,
    /// It serves each client with the certificate that was renewed, whichever name it asks for.
    OneNameForAll,
    /// After a reload, a client that names no server is shown the certificate of another name.
    NamelessMoves,
    /// A client that names no server is shown the certificate of the start: the default is read once.
    NamelessKeepsOld,
    /// Of two kinds of keys, only the first is read again.
    OneKindRenewed,
    /// It speaks HTTP/3 with the certificate of the start: what is published comes to TCP alone.
    QuicKeepsOld,
    /// Each reload begins with a new worker, which gets the datagrams of those before it and does not know
    /// the ids of their connections (nginx#425).
    QuicForgetsConnections,
    /// It rebuilds its configuration from defaults, and connections of QUIC that are opened from then on are
    /// lost when their client changes its address.
    QuicMigrationLost,
    /// It rebuilds its configuration from defaults, which speak TLS 1.3 alone.
    Tls12Dropped,
    /// It cuts each upload at a reload.
    CutsUploads,
    /// It closes WebSockets at a reload: nothing is under way on them.
    ClosesWebsockets,
    /// It ends its streams of gRPC at a reload, without a status: HTTP/2 takes them for whole.
    EndsGrpcStreams,
    /// It speaks a little of Redis, and forgets at a reload what its clients have begun, as a proxy does
    /// that connects anew to what is behind it.
    ForgetsTransactions,
    /// It cuts each long answer at a reload, and lets all that is short come to its end.
    CutsLongAnswers,
    /// Each reload leaves memory behind: what is cached by generation, and never let go of.
    LeaksMemory,
    /// Each reload leaves a process behind: a hook that is started, and not waited for.
    LeavesChildren,
    /// A client that comes during a reload waits for its end: one lock for readers and the writer.
    SlowReload,
    /// After a rotation the answers hold wrong bytes: a buffer that is shared with what was freed.
    Corrupt,
}
