//! Reads `/metrics` of a process.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};

use crate::stack::address;
use crate::{Service, Stack};

/// The series of one or more processes.
#[derive(Debug, Default)]
pub struct Metrics {
    series: Vec<(String, BTreeMap<String, String>, f64)>,
    families: BTreeSet<String>,
}

impl Metrics {
    /// Parses the text format.
    pub fn parse(text: &str) -> Result<Self> {
        let mut read = Self::default();
        for line in text.lines().filter(|line| !line.is_empty()) {
            if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').context("a type")?;
                let ending = if kind == "counter" { "_total" } else { "" };
                read.families.insert(format!("{name}{ending}"));
            } else if !line.starts_with('#') {
                let (series, value) = line.rsplit_once(' ').context("a value")?;
                let (name, labels) = series.split_once('{').unwrap_or((series, ""));
                read.series.push((name.to_owned(), labels_of(labels), value.parse()?));
            }
        }
        Ok(read)
    }

    /// Adds the series of another process.
    pub fn merge(&mut self, other: Self) {
        self.series.extend(other.series);
        self.families.extend(other.families);
    }

    /// The sum over all series of that name with these labels.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let fits = |has: &BTreeMap<String, String>| {
            labels.iter().all(|(label, value)| has.get(*label).is_some_and(|one| one == value))
        };
        let found = self.series.iter().filter(|(one, has, _)| one == name && fits(has));
        found.map(|(_, _, value)| value).sum()
    }

    /// The names of all metrics that have a series.
    pub fn families(&self) -> BTreeSet<String> {
        let has = |family: &&String| {
            let parts = ["", "_bucket"].map(|ending| format!("{family}{ending}"));
            self.series.iter().any(|(name, ..)| parts.contains(name))
        };
        self.families.iter().filter(has).cloned().collect()
    }
}

impl Stack {
    /// The current metrics of a process.
    pub async fn metrics(&self, service: &Service) -> Result<Metrics> {
        let url = format!("http://{}/metrics", address(service, "admin").await?);
        let answer = reqwest::get(url).await?.error_for_status()?;
        Metrics::parse(&answer.text().await?)
    }
}

/// Our labels contain no comma and no quotation mark.
fn labels_of(text: &str) -> BTreeMap<String, String> {
    let pairs = text.trim_end_matches('}').split(',').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned())).collect()
}
