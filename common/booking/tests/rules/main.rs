//! The rules, each stated as a fact. [`world`] is the database that they are tried on.

mod ask;
mod board;
mod check;
mod world;

mod best;
mod limits;
mod refuse;
mod reserve;
mod takeover;

mod cancel;
mod expire;

mod begin;
mod finish;
mod late;

mod changes;
mod outcomes;

mod properties;
