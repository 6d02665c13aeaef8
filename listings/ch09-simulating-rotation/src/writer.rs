//! Who writes.

use clap::ValueEnum;
use clap::builder::PossibleValue;
use lab::agent::Strategy;

// ANCHOR: writer
/// Who writes: real tools by their documented behaviour, and the lab's bare strategies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writer {
    /// Vault's or OpenBao's agent with a template for each file.
    VaultAgent,
    /// consul-template with `backup = true`.
    ConsulTemplate,
    /// consul-template with one template, which writes key and certificate by `writeToFile`.
    WriteToFile,
    /// A Secret mounted by the kubelet.
    Kubelet,
    /// A pod certificate mounted by the kubelet: the key and the chain in one file.
    PodCertificate,
    /// cert-manager's CSI driver.
    CertManagerCsi,
    /// certbot, with the links of `live/service`.
    Certbot,
    /// A script with `cat new > old`.
    Careless,
    /// No tool: one of the lab's strategies alone.
    Bare(Strategy),
}
// ANCHOR_END: writer

impl Writer {
    /// The writers that are tools of the world.
    pub const TOOLS: [Self; 8] = [
        Self::VaultAgent,
        Self::ConsulTemplate,
        Self::WriteToFile,
        Self::Kubelet,
        Self::PodCertificate,
        Self::CertManagerCsi,
        Self::Certbot,
        Self::Careless,
    ];

    /// Every writer: the tools, then the bare strategies.
    pub const ALL: [Self; Self::TOOLS.len() + Strategy::ALL.len()] = {
        let mut all = [Self::Careless; Self::TOOLS.len() + Strategy::ALL.len()];
        let mut at = 0;
        while at < all.len() {
            all[at] = match at.checked_sub(Self::TOOLS.len()) {
                None => Self::TOOLS[at],
                Some(bare) => Self::Bare(Strategy::ALL[bare]),
            };
            at += 1;
        }
        all
    };

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        self.described().0
    }

    /// The name in logs: that of the command line, with `_` for `-`.
    pub fn log_name(self) -> String {
        self.name().replace('-', "_")
    }

    /// The name on the command line, and what its help says.
    fn described(self) -> (&'static str, &'static str) {
        match self {
            Self::VaultAgent => (
                "vault-agent",
                "Vault's or OpenBao's agent with a template for each file: each file is renamed into place",
            ),
            Self::ConsulTemplate => (
                "consul-template",
                "consul-template with `backup = true`: the same, and the old file stays as a hard link",
            ),
            Self::WriteToFile => (
                "write-to-file",
                "consul-template with one template and `writeToFile`: each file is truncated, the chain written in two parts",
            ),
            Self::Kubelet => (
                "kubelet",
                "A Secret mounted by the kubelet: a new directory, to which one renamed link leads",
            ),
            Self::PodCertificate => (
                "pod-certificate",
                "A pod certificate mounted by the kubelet: the same, with key and chain in one file",
            ),
            Self::CertManagerCsi => (
                "cert-manager-csi",
                "cert-manager's CSI driver: as the kubelet does, with a key that user and group can read",
            ),
            Self::Certbot => (
                "certbot",
                "certbot: the links `live/service/*.pem` are removed and created again, one by one",
            ),
            Self::Careless => (
                "careless",
                "A script: `cat new > old` for the certificate, and then for the key",
            ),
            Self::Bare(strategy) => bare(strategy),
        }
    }

    /// Whether certificate and key are one file.
    pub fn writes_one_file(self) -> bool {
        matches!(self, Self::PodCertificate | Self::Bare(Strategy::Bundle))
    }

    /// The lab's strategy, where the writer is a bare one.
    pub(crate) fn strategy(self) -> Option<Strategy> {
        match self {
            Self::Bare(strategy) => Some(strategy),
            _ => None,
        }
    }
}

fn bare(strategy: Strategy) -> (&'static str, &'static str) {
    match strategy {
        Strategy::RenameEach => (
            "rename-each",
            "Both files are prepared, then renamed into place, the certificate first",
        ),
        Strategy::Bundle => (
            "bundle",
            "Certificate and key in one file, which is renamed into place",
        ),
        Strategy::Symlink => (
            "symlink",
            "A new directory, to which the link `..data` is switched",
        ),
        Strategy::InPlace => (
            "in-place",
            "Each file is truncated, and written in two halves",
        ),
        Strategy::RemoveCreate => ("remove-create", "Each file is removed and created again"),
        Strategy::KeyFirst => (
            "key-first",
            "The key is renamed into place, then the certificate",
        ),
        Strategy::CertificateFirst => (
            "certificate-first",
            "The certificate is renamed into place, then the key",
        ),
    }
}

impl ValueEnum for Writer {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, help) = self.described();
        Some(PossibleValue::new(name).help(help))
    }
}
