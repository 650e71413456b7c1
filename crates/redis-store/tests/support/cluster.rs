// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Three servers of Redis that share the slots of a Cluster, for tests.

use crate::server::{TestServer, free_port};

/// The slots of a Cluster.
const SLOTS: usize = 1 << 14;

/// Starts three.
pub(crate) fn cluster() -> Option<[TestServer; 3]> {
    let buses = [0; 3].map(|_| free_port().to_string());
    let started = buses.each_ref().map(|bus| TestServer::start(&["--cluster-enabled", "yes", "--cluster-port", bus]));
    let [Some(one), Some(two), Some(three)] = started else { return None };
    let servers = [one, two, three];
    for (index, server) in servers.iter().enumerate() {
        let (first, next) = ((SLOTS * index).div_ceil(3), (SLOTS * (index + 1)).div_ceil(3));
        ask(server, &["CLUSTER", "ADDSLOTSRANGE", &first.to_string(), &(next - 1).to_string()]);
        // Two servers never begin to agree if they think that each is of the same, first configuration.
        ask(server, &["CLUSTER", "SET-CONFIG-EPOCH", &(index + 1).to_string()]);
        if index > 0 {
            ask(server, &["CLUSTER", "MEET", "127.0.0.1", &servers[0].port.to_string(), &buses[0]]);
        }
    }
    for server in &servers {
        while !format!("{:?}", ask(server, &["CLUSTER", "INFO"])).contains("cluster_state:ok") {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
    Some(servers)
}

fn ask(server: &TestServer, words: &[&str]) -> redis::Value {
    let client = redis::Client::open(format!("redis://127.0.0.1:{}", server.port)).expect("a client");
    let mut connection = client.get_connection().expect("a connection");
    let [name, args @ ..] = words else { return redis::Value::Nil };
    redis::cmd(name).arg(args).query(&mut connection).expect("an answer")
}
