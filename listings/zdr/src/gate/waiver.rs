//! Waivers: failures that a team lives with for a while, with a reason and an end.
//!
//! ```toml
//! [allow.expired]
//! because = "our agent never writes an expired file; the proxy is replaced in spring"
//! until = 2027-03-01
//! ```

use std::collections::BTreeMap;

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::gate::ROTATION;
use crate::gate::code::Code;
use crate::gate::day::Day;
use crate::gate::nearest::unknown;
use crate::gate::scenario::Scenario;

/// What is allowed: these findings, in this scenario, until the end of this day.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiver {
    /// The name of the scenario, or `rotation`.
    pub scenario: String,
    /// The findings that it allows, and no others. Where the file names none, those by which a server fails
    /// this scenario in the scenario's own way.
    pub findings: Vec<Code>,
    /// Why the team lives with it.
    pub because: String,
    /// The last day on which it applies.
    pub until: Day,
}

/// A failure to live with for a while. `SCENARIO` is the name of the scenario in which it is found, or
/// `rotation`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    /// Why this failure is accepted.
    #[schemars(required, with = "String", extend("toml" = r#"because = "the proxy is replaced in spring""#))]
    because: Option<Reason>,
    /// The last day on which the waiver applies (UTC). After that day, the waiver itself is a finding.
    #[schemars(required, with = "Day", extend("toml" = "until = 2027-03-01"))]
    until: Option<LastDay>,
    /// The findings that are allowed, named as in a report; no others are. Without this key, the findings that are
    /// typical of the scenario are allowed. `[allow.rotation]` has to name them.
    #[schemars(with = "Option<Vec<Code>>", extend("toml" = r#"findings = ["unfit_shown"]"#))]
    findings: Option<Named>,
}

/// What is allowed, by the names of scenarios.
///
/// # Errors
/// For a name that is none of a scenario or finding, and for a waiver without a reason or an end.
pub fn waivers<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Waiver>, D::Error> {
    let written = BTreeMap::<ScenarioName, Terms>::deserialize(from)?;
    let waivers = written.into_iter().map(|(name, terms)| {
        let ScenarioName(scenario) = name;
        let findings = match (terms.findings.is_empty(), Scenario::from_str(&scenario, false)) {
            (false, _) => terms.findings,
            (true, Ok(known)) => known.fails_by().to_vec(),
            // It would hide every loss while all is well.
            (true, Err(_)) => {
                let error = format!(
                    "`[allow.{scenario}]` has to name what it allows, such as `findings = [\"severed\"]`"
                );
                return Err(D::Error::custom(error));
            }
        };
        let Terms { because, until, .. } = terms;
        Ok(Waiver {
            scenario,
            findings,
            because,
            until,
        })
    });
    waivers.collect()
}

/// What a waiver says. Read by itself, so that a mistake in it has its line.
#[derive(Deserialize)]
#[serde(try_from = "Written")]
struct Terms {
    findings: Vec<Code>,
    because: String,
    until: Day,
}

impl TryFrom<Written> for Terms {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Some(Reason(because)) = written.because else {
            return Err("a waiver needs a reason: `because = \"…\"`".into());
        };
        let Some(LastDay(until)) = written.until else {
            let error =
                "a waiver needs an end, the last day on which it applies: `until = 2027-03-01`";
            return Err(error.into());
        };
        let named = written.findings.map(|Named(findings)| findings);
        Ok(Self {
            findings: named.unwrap_or_default(),
            because,
            until,
        })
    }
}

/// Words. Like the two below, it is read by itself, so that each mistake of a waiver has its own line, and none
/// hides another.
struct Reason(String);

impl<'de> Deserialize<'de> for Reason {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let words = String::deserialize(from)?;
        match words.trim().is_empty() {
            true => Err(D::Error::custom(
                "`because` is empty: why does the team live with it?",
            )),
            false => Ok(Self(words)),
        }
    }
}

/// A day without quotes.
struct LastDay(Day);

impl<'de> Deserialize<'de> for LastDay {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match toml::Value::deserialize(from)? {
            // Without its time, which no day has.
            toml::Value::Datetime(day) if day.time.is_none() => {
                let day = day.to_string().parse();
                day.map(Self).map_err(D::Error::custom)
            }
            _ => Err(D::Error::custom(
                "`until` is a day without quotes: `until = 2027-03-01`",
            )),
        }
    }
}

/// Some findings.
struct Named(Vec<Code>);

impl<'de> Deserialize<'de> for Named {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let named = Vec::<FindingName>::deserialize(from)?;
        if named.is_empty() {
            let error = "`findings` is empty: leave it out, or name what is allowed";
            return Err(D::Error::custom(error));
        }
        Ok(Self(
            named.into_iter().map(|FindingName(code)| code).collect(),
        ))
    }
}

/// The name of a scenario, or `rotation`.
#[derive(Eq, Ord, PartialEq, PartialOrd)]
struct ScenarioName(String);

impl<'de> Deserialize<'de> for ScenarioName {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let typed = String::deserialize(from)?;
        let mut known: Vec<_> = Scenario::all().iter().map(|one| one.name()).collect();
        known.insert(0, ROTATION.to_owned());
        match known.contains(&typed) {
            true => Ok(Self(typed)),
            false => Err(D::Error::custom(unknown("scenario", &typed, &known))),
        }
    }
}

struct FindingName(Code);

impl<'de> Deserialize<'de> for FindingName {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let typed = String::deserialize(from)?;
        // Waivers are no reason for a waiver.
        let codes = Code::value_variants().iter();
        let codes: Vec<_> = codes.filter(|code| !code.is_of_waiver()).collect();
        let known: Vec<_> = codes.iter().map(|code| code.name()).collect();
        let at = known.iter().position(|known| *known == typed);
        at.map(|at| Self(*codes[at]))
            .ok_or_else(|| D::Error::custom(unknown("finding", &typed, &known)))
    }
}
