//! What can be wrong with the server: one thing at a time.

use clap::ValueEnum;

/// A defect. The numbers are those of the book's failure catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Defect {
    /// It restarts itself when its files change. Every service begins like this: the certificate is an
    /// argument of the process, and an orchestrator restarts it.
    Restart,
    /// It closes its listener while it reloads, and lets its connections live: a supervisor starts
    /// the new process only after the old one has released the port.
    Gap,
    /// It closes all connections at each reload: a library's `reload` stops and starts the server
    /// behind one socket.
    SeverOnReload,
    /// #1: it watches the file, and the watch dies with the inode at the first rename
    /// (cilium#13621, controller-runtime#2893).
    ReloadOnce,
    /// #2: after an event it watches the file anew, but gives up if the file is missing: it was
    /// removed, and is not created yet (controller-runtime#3020).
    LostOnRemove,
    /// #3, #4: it reads at the first event, and publishes what it got: the certificate of one
    /// generation with the key of another. Some libraries take both without comparing them.
    TornPair,
    /// #5: it takes the certificates before the first one that does not parse, as
    /// `SSL_CTX_use_certificate_chain_file` and many loops over PEM blocks do: a cut chain is no error.
    TruncatedChain,
    /// #6, #7: it reads in the middle of a write, and publishes what it has: the writer truncates in
    /// place (spiffe-helper#422), or the reader gives up waiting (Envoy).
    MidWrite,
    /// #8: it reloads only files that are newer than those it has: a cache with the modification time as its key.
    NewerOnly,
    /// #14: it looks after the first event, and ignores those that follow closely: a debouncer
    /// fires at the leading edge (envoy#39498).
    LeadingEdge,
    /// #13: if there are no files at the start, it never looks again (envoy#26312).
    AbsentAtStart,
    /// #15: a change between the first load and the start of the watch is missed: there is no second look.
    LostBeforeWatch,
    /// #16, #19: a file that cannot be read or parsed ends the process, because the error is returned
    /// as far as `main`.
    ExitsOnBadFile,
    /// #18: it compares only leaf and key, so it misses a new intermediate.
    ChainOnlyIgnored,
    /// #19: it drops the old identity before it has a new one.
    LastGoodLost,
    /// #20: it loads into the live context, and a failed load leaves that unusable forever
    /// (Python's `load_cert_chain`).
    ChangedInPlace,
    /// #21: it rebuilds its configuration from defaults, which ask clients for no certificate.
    ClientAuthDropped,
    /// #22: it logs the file that it could not use, and that was the key.
    KeyInLog,
    /// #25: two reloads run at once, and the one that read first publishes last.
    OlderWins,
    /// #26: of two workers, one learns of new files later.
    WorkersDisagree,
    /// #27: it logs that it has reloaded, but serves the old certificate.
    LyingLog,
    /// #28: the task that watches ends at the first file that it cannot use, and nothing is logged.
    WatcherDies,
    /// #29: sessions are resumed, however old the certificate is under which they began.
    ResumesForEver,
    /// #30: sessions of clients whose CA was removed are resumed (CVE-2025-68121,
    /// CVE-2025-23419).
    RemovedTrustResumes,
    /// #31: each reload makes new ticket keys, and each client that returns pays for it
    /// (phoneblock#351).
    TicketsLost,
    /// #32: a CA that the file does not list is removed at once, even if the file is half written
    /// (linkerd2#4287).
    TrustBelievedAtOnce,
    /// #33: the CAs of clients are those of the start forever (linkerd2#13613, kubernetes#119483).
    TrustNeverReloaded,
    /// #51: one list of trust anchors serves for its own chain and for its clients, so every leaf of
    /// its own authority gets in.
    OneTrust,
    /// #34: it does not check whether the certificate is valid yet (vault#1035).
    NotYetValid,
    /// #35: it does not check whether the certificate has expired.
    Expired,
    /// #35: it does not check whether the certificate is valid for its name.
    WrongName,
    /// #35: it does not check whether the certificate leads to a root that its clients hold.
    Stranger,
    /// #37: it never asks a connection to close, however many generations ago it was opened.
    NeverLetsGo,
    /// #38: once the cache is filled, a hit returns nothing: the second call of a context manager.
    SecondCallNone,
    /// #39: it opens the file in each handshake, to see whether it has changed.
    FileIoInHandshake,
    /// #41: it rejects a renewal that ends earlier than the current certificate
    /// (opensearch-security#4144).
    ShorterRefused,
    /// #41: it reads the end of a certificate as a year of two digits, so it misreads every end after 2049.
    TwoDigitYears,
    /// #41: it rejects a renewal that begins earlier than the current certificate, because it was backdated.
    EarlierRefused,
    /// #42: it completes its chain with issuers that it knows by name, and one has that name but another key.
    IssuerByName,
    /// #42: it has room for a leaf and one intermediate.
    TwoCertificates,
    /// #42: it rejects a leaf of another issuer than before (opensearch-security#4509).
    IssuerPinned,
    /// #42: it accepts only the root of its first certificate, although it is told of others.
    RootPinned,
    /// #43: it looks only at the date of the key's file (temporalio/ui#3178).
    KeyDateOnly,
    /// #43: it compares keys, so it misses a new certificate for the same key.
    SameKeyIgnored,
    /// #59: it keeps one certificate for each kind of key, as an OpenSSL context does that is loaded again:
    /// a renewal of another kind leaves the old certificate in its place.
    SlotPerKind,
    /// #59: it rejects a renewal with another kind of key than before.
    KeyKindPinned,
    /// #59: it compares certificate and key only if both are of one kind, as nginx does (1.30).
    KindsUncompared,
    /// #44: a reload waits for handshakes that are in progress (percona-server PR#5036).
    WaitsForHandshakes,
    /// #45: each reload leaves descriptors open (hitch#193).
    DescriptorsLeak,
    /// #45: each reload leaves a thread behind: a timer of its own.
    ThreadsLeak,
    /// #45: each reload that fails leaves descriptors open: only a successful one closes them.
    FailureLeaks,
    /// #53: it takes a file for unchanged if inode and date are the same
    /// (nginx's `ssl_object_cache_inheritable`).
    InodeAndDate,
    /// It keeps the certificates of earlier chains, and sends them with the new leaf.
    ChainsMixed,
    /// It shows the renewed certificate to every client, whichever name that asks for.
    OneNameForAll,
    /// After a reload, a client that names no server is shown the certificate of another name.
    NamelessMoves,
    /// A client that names no server is shown the certificate of the start: the default is read once.
    NamelessKeepsOld,
    /// A client that asks for a name which is none of the server's is shown the certificate of the start: the
    /// default is a map's entry of its own.
    UnknownNameKeepsOld,
    /// A client of TLS 1.2 is shown the certificate of the start: it has a context of its own.
    Tls12KeepsOld,
    /// A client that offers no protocol (ALPN) is shown the certificate of the start: it has a configuration of
    /// its own.
    NoProtocolKeepsOld,
    /// A client that offers HTTP/2 alone is shown the certificate of the start.
    Http2KeepsOld,
    /// After a reload it rejects each client that names no server: the default is lost.
    NamelessLost,
    /// After a reload it rejects each client that asks for a name which is none of its own: the default is lost
    /// when its configuration is built anew.
    UnknownNameLost,
    /// After a reload it rejects each client that offers no protocol (ALPN).
    NoProtocolLost,
    /// It sends the OCSP response of its first certificate with each later one.
    StapleKept,
    /// From its first reload on, the OCSP response that it sends is one that has expired: a cache without an end.
    StapleExpired,
    /// It sends what its cache holds as an OCSP response, and from the first reload on that is none.
    StapleTorn,
    /// It puts the leaf before a chain that begins with it.
    LeafTwice,
    /// It rebuilds its configuration from defaults, by which keys are exchanged by X25519 alone: older clients
    /// and hardware have P-256.
    GroupLost,
    /// It rebuilds its configuration from defaults, which lack a cipher that it had.
    CipherLost,
    /// It listens on a second address, with the certificate of the start.
    OtherAddressKeepsOld,
    /// #26: of sixteen loops that accept connections, one keeps the certificate of the start.
    StaleWorker,
    /// Of two kinds of keys, only the first is read again.
    OneKindRenewed,
    /// It speaks HTTP/3 with the certificate of the start: a new one is published for TCP only.
    QuicKeepsOld,
    /// Each reload begins with a new worker, which gets the datagrams of those before it and does not know
    /// the ids of their connections (nginx#425).
    QuicForgetsConnections,
    /// It rebuilds its configuration from defaults: QUIC connections that are opened after that are lost when
    /// their client changes its address.
    QuicMigrationLost,
    /// It rebuilds its configuration from defaults, which speak only TLS 1.3.
    Tls12Dropped,
    /// It rebuilds its configuration from defaults of long ago, which speak only TLS 1.2.
    Tls13Dropped,
    /// After a reload it asks clients for a certificate, and takes whichever they have.
    AnyClientCertificate,
    /// It cuts each upload at a reload.
    CutsUploads,
    /// It closes WebSockets at a reload, as if nothing were in progress on them.
    ClosesWebsockets,
    /// It ends its gRPC streams at a reload, without a status: to HTTP/2 they look complete.
    EndsGrpcStreams,
    /// It speaks a little of Redis, and forgets its clients' transactions at a reload, as a proxy does that
    /// opens new connections to the server behind it.
    ForgetsTransactions,
    /// It speaks a little of Redis, and gives a connection a moment after a reload, whatever is in progress: the
    /// shutdown timeout of old workers.
    DrainsTransactions,
    /// It cuts each long answer at a reload, but lets short answers finish.
    CutsLongAnswers,
    /// It ends each long answer at a reload, as if it was whole: it does not say before how long one is.
    EndsLongAnswers,
    /// Each reload leaves memory behind: a cache by generation that is never emptied.
    LeaksMemory,
    /// Each reload leaves a process behind: a hook that is started, but not waited for.
    LeavesChildren,
    /// Each reload leaves a thread behind that never rests: it tries something again and again, without a pause.
    LeavesWork,
    /// A client that connects during a reload waits until it is over: readers and the writer share one lock.
    SlowReload,
    /// It closes no connection that its client has closed.
    LeavesConnections,
    /// From the first reload on it accepts connections, and answers none of them.
    HangsAfterReload,
    /// After a reload it answers "not found" to some requests, until all of its pages are there again.
    PagesGone,
    /// After a reload it answers with pages that are empty.
    PagesEmpty,
    /// After a reload it shows the new certificate, then the old one for a few handshakes, then the new one: two
    /// caches of which one is filled late.
    Flaps,
    /// After a rotation the answers hold wrong bytes, from a buffer that was freed.
    Corrupt,
}
