//! `docker-compose.yml`, `Dockerfile` and `k8s/` fit the processes and each other. No engine and no
//! cluster is needed: manifests are rendered and checked against schemas, and every reference in
//! them is followed.

mod compose;
mod dockerfile;
mod environment;
mod network;
mod objects;
mod order;
mod pods;
mod references;
mod rendered;
mod scaling;
mod schemas;
