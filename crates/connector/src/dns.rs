//! Finds the addresses of host names without the C library. The resolver of a statically linked C
//! library needs files at run time that a small image does not have. `/etc/hosts` is asked first,
//! then the name servers of `/etc/resolv.conf`, and nothing else.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::config::{LookupIpStrategy, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::op::Query;
use hickory_resolver::proto::rr::{Name, RecordType};
use hickory_resolver::{Hosts, TokioResolver};
use reqwest::dns::{Addrs, Resolve, Resolving};

/// How long a name server may be silent. After that it is asked once more, or another one is. All
/// tries together take less time than connecting may.
const SERVER_TIMEOUT: Duration = Duration::from_secs(3);
const TRIES_AGAIN: usize = 1;

/// Finds addresses as the machine's own configuration says.
#[derive(Clone)]
pub struct Names(Arc<Sources>);

struct Sources {
    hosts: Hosts,
    resolver: Result<TokioResolver, NetError>,
}

impl Names {
    /// Reads the machine's configuration. A machine without name servers still knows the names in
    /// its `/etc/hosts`.
    #[must_use]
    pub fn of_system() -> Self {
        let hosts = Hosts::from_system().unwrap_or_default();
        Self(Arc::new(Sources { hosts, resolver: resolver() }))
    }

    /// The addresses of a name.
    ///
    /// # Errors
    /// [`NetError`] when no name server knows the name, or none answers.
    pub async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, NetError> {
        let known = self.in_hosts(name);
        if !known.is_empty() {
            return Ok(known);
        }
        match &self.0.resolver {
            Ok(resolver) => Ok(resolver.lookup_ip(name).await?.iter().collect()),
            Err(why) => Err(why.clone()),
        }
    }

    /// The addresses that `/etc/hosts` has for a name. If it has the name in one address family, no
    /// server is asked about the other.
    fn in_hosts(&self, name: &str) -> Vec<IpAddr> {
        let Ok(name) = Name::from_ascii(name) else { return Vec::new() };
        let families = [RecordType::AAAA, RecordType::A].into_iter();
        let found = families.filter_map(|family| {
            self.0.hosts.lookup_static_host(&Query::query(name.clone(), family))
        });
        found
            .flat_map(|found| found.answers().to_vec())
            .filter_map(|row| row.data.ip_addr())
            .collect()
    }
}

impl Resolve for Names {
    fn resolve(&self, name: reqwest::dns::Name) -> Resolving {
        let names = self.clone();
        Box::pin(async move {
            let found = names.addresses(name.as_str()).await?;
            let found: Addrs =
                Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(found)
        })
    }
}

fn resolver() -> Result<TokioResolver, NetError> {
    let builder = TokioResolver::builder_tokio();
    // An empty list of servers answers every name with an error, and at once.
    let mut builder = builder.unwrap_or_else(|_| {
        TokioResolver::builder_with_config(
            ResolverConfig::default(),
            TokioRuntimeProvider::default(),
        )
    });
    let options = builder.options_mut();
    options.ip_strategy = LookupIpStrategy::Ipv6AndIpv4;
    options.timeout = options.timeout.min(SERVER_TIMEOUT);
    options.attempts = options.attempts.min(TRIES_AGAIN);
    builder.build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(name: &str) -> Result<Vec<IpAddr>, NetError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(Names::of_system().addresses(name))
    }

    #[test]
    fn localhost_and_addresses_need_no_name_server() {
        let found = ask("localhost").expect("every machine has it");
        assert!(!found.is_empty() && found.iter().all(IpAddr::is_loopback), "{found:?}");
        assert_eq!(
            ask("192.0.2.7").expect("an address"),
            ["192.0.2.7".parse::<IpAddr>().expect("one")]
        );
    }

    #[test]
    fn a_name_that_cannot_be_is_an_error() {
        assert!(ask("acme.invalid").is_err());
        assert!(ask("..").is_err());
    }
}
