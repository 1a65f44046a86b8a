//! The worker pools, by name.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkerPool {
    /// Decides requests for tickets.
    Reservations,
    /// Charges payments through the gateway.
    Payments,
    /// Frees holds that are due.
    Expiry,
}

impl WorkerPool {
    /// Every pool.
    pub const ALL: &'static [Self] = &[Self::Reservations, Self::Payments, Self::Expiry];

    /// The name on the command line, in JSON, in SQL, in logs and in the broker's list of
    /// connections.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reservations => "reservations",
            Self::Payments => "payments",
            Self::Expiry => "expiry",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|pool| pool.name() == name)
    }
}

impl std::fmt::Display for WorkerPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for WorkerPool {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::parse(name).ok_or_else(|| format!("no pool is called {name}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_and_the_command_line_use_one_name() {
        for pool in WorkerPool::ALL {
            let json = serde_json::to_string(pool).expect("plain");
            assert_eq!(json, format!("\"{pool}\""));
            assert_eq!(pool.name().parse(), Ok(*pool));
        }
    }
}
