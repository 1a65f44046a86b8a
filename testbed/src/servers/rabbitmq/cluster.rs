//! A cluster of private nodes on one machine.

use std::path::Path;

use anyhow::{Context, Result};

use super::node::Node;
use super::{RabbitMq, start_epmd};
use crate::process::Process;
use crate::servers::Keep;

/// The nodes of one cluster. They are stopped when this value is dropped.
pub struct Cluster {
    pub nodes: Vec<RabbitMq>,
    /// The name server of all nodes; it must be stopped after them.
    _epmd: Process,
}

impl Cluster {
    /// Starts a cluster of `count` nodes in a new directory. Takes several seconds for each node.
    pub fn start(dir: &Path, count: usize) -> Result<Self> {
        let keeper = Node::prepare(&dir.join("names"), None)?;
        let epmd = start_epmd(&keeper)?;
        let cookie = format!("boxoffice{:016x}", crate::checkout::path_hash(dir));
        let mut nodes: Vec<RabbitMq> = Vec::new();
        for number in 0..count {
            let node =
                Node::prepare(&dir.join(format!("node-{number}")), Some(keeper.ports().epmd))?;
            node.bake(&cookie)?;
            let node = RabbitMq::start_node(node, Keep::Data)?;
            if let Some(first) = nodes.first() {
                node.control(&["stop_app"])?;
                node.control(&["join_cluster", &first.node.name()])?;
                node.control(&["start_app"])?;
                node.wait_until_answering()?;
            }
            nodes.push(node);
        }
        Ok(Self { nodes, _epmd: epmd })
    }

    /// The index of the node that leads the most queues.
    pub fn leader(&self) -> Result<usize> {
        let reachable = self.nodes.iter().filter(|node| node.pid().is_some());
        let led = reachable.map(|node| node.management.leaders()).find_map(Result::ok);
        let led = led.context("no node answers")?;
        let count = |node: &RabbitMq| led.iter().filter(|name| **name == node.node.name()).count();
        let most = (0..self.nodes.len()).max_by_key(|number| count(&self.nodes[*number]));
        most.context("a cluster without nodes")
    }
}
