//! The few statements that the compiler does not check against the schema. A test checks them
//! against a database instead.

/// Several statements in one, which the compiler cannot check: transactions and their settings.
pub(super) const BEGIN: &str = "BEGIN";
pub(super) const BEGIN_WITH_NEW_PLANS: &str = "BEGIN; DISCARD PLANS";
pub(super) const BEGIN_SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// More memory for sorts and hashes, and more time than other statements get. The rules of the
/// audit read whole tables; with the settings for batches, these would be joined row by row.
pub(super) const SET_FOR_AUDIT: &str = "
    SET LOCAL work_mem = '64MB'; SET LOCAL statement_timeout = '5min'; SET LOCAL jit = off;
    SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL plan_cache_mode = auto;
    SET LOCAL enable_seqscan = on; SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on";

/// The migrator creates this table, so it does not exist when the compiler checks statements.
pub(super) const MIGRATIONS_APPLIED: &str =
    "SELECT version FROM _sqlx_migrations WHERE success ORDER BY version";

/// The statements that return no rows.
pub const EXECUTED: [&str; 4] = [BEGIN, BEGIN_WITH_NEW_PLANS, BEGIN_SNAPSHOT, SET_FOR_AUDIT];

/// What returns one column of 64-bit numbers. So do the rules of the audit, which keep their
/// statements themselves: they are data, to be listed, chosen and shown.
pub const OF_ONE_NUMBER: [&str; 1] = [MIGRATIONS_APPLIED];
