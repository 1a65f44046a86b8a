//! The faults.

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `kill -9` of a process.
    Kill,
    /// `kill -9` of a process at a named point between two steps.
    KillAtPoint,
    /// SIGSTOP of a process for a while.
    Pause,
    /// SIGTERM of a process.
    Terminate,
    /// A process has a wrong clock.
    WrongClock,
    /// A process loses its connections to a server, and cannot open others for a while.
    Cut,
    /// The network between a process and a server is slow.
    Slow,
    /// The network between a process and a server passes nothing, and reports no error.
    BlackHole,
    /// The open connections between a process and a server pass nothing any more and stay open.
    Forgotten,
    /// All processes lose a server at once, for a while.
    CutAll,
    /// Postgres crashes and starts again.
    PostgresCrash,
    /// Postgres is restarted in order.
    PostgresRestart,
    /// RabbitMQ is killed and starts again.
    RabbitCrash,
    /// RabbitMQ is restarted in order.
    RabbitRestart,
    /// RabbitMQ's memory alarm: it blocks publishers.
    RabbitAlarm,
    /// The node of a cluster that leads the queues is killed.
    LeaderKill,
    /// The standby of Postgres becomes the primary.
    Promotion,
}

impl Kind {
    /// Faults of processes.
    pub const PROCESSES: &'static [Self] = &[
        Self::Kill,
        Self::KillAtPoint,
        Self::Pause,
        Self::Terminate,
        Self::KillAtPoint,
        Self::WrongClock,
    ];
    /// Faults of networks.
    pub const NETWORKS: &'static [Self] =
        &[Self::Cut, Self::Slow, Self::BlackHole, Self::Forgotten, Self::CutAll];
    /// Faults of single servers.
    pub const SERVERS: &'static [Self] = &[
        Self::PostgresCrash,
        Self::RabbitCrash,
        Self::RabbitAlarm,
        Self::PostgresRestart,
        Self::RabbitRestart,
    ];
    /// Faults of replicated servers.
    pub const REPLICATED_SERVERS: &'static [Self] = &[Self::LeaderKill, Self::Promotion];
}
