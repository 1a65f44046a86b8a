//! What `docker-compose.yml`, `Dockerfile` and `k8s/` say fits what the processes and each other
//! need. No engine and no cluster is asked: manifests are rendered, held against schemas, and every
//! reference in them is followed.

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
