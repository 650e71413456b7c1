// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Which addresses belong to the inside of a network. A configuration that comes from somebody else must not make this
//! process speak to them.

use crate::failure::{Failure, FailureKind};
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Whether `address` is none that the public internet routes to.
pub(crate) fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_private_v4(address),
        IpAddr::V6(address) => is_private_v6(address),
    }
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || address.is_broadcast()
        || first == 0
        || first >= 240
        // Shared by carriers (RFC 6598), where clouds put their metadata too.
        || (first == 100 && (64..128).contains(&second))
        // Protocol assignments and benchmarks (RFC 6890, RFC 2544).
        || (first == 192 && second == 0 && third == 0)
        || (first == 198 && (second == 18 || second == 19))
        // Relays of 6to4 (RFC 7526), which lead wherever the next router likes.
        || (first == 192 && second == 88 && third == 99)
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    // An IPv4 address may come in several IPv6 dresses, and reaches the same machine in each.
    if let Some(inner) = dressed(address) {
        return is_private_v4(inner);
    }
    let segments = address.segments();
    // NAT64 of a network's own (RFC 8215).
    matches!(segments, [0x64, 0xff9b, 1, ..])
        // Discarded (RFC 6666).
        || matches!(segments, [0x100, 0, 0, 0, ..])
        // Protocol assignments (RFC 2928), with Teredo, benchmarks and ORCHID among them, and documentation (RFC 3849): no server of the public
        // internet.
        || matches!(segments, [0x2001, 0..0x200 | 0xdb8, ..])
        // Documentation (RFC 9637).
        || matches!(segments, [0x3fff, 0..0x1000, ..])
        // Segments of one's own routing (RFC 9602), and site-local, which is deprecated and still routed inside.
        || matches!(segments, [0x5f00 | 0xfec0..=0xfeff, ..])
        || address.is_unique_local()
        || address.is_unicast_link_local()
        || address.is_multicast()
}

/// The IPv4 address in an IPv6 one: mapped (`::ffff:0:0/96`), compatible (`::/96`), translated (`::ffff:0:0:0/96`), by NAT64
/// (`64:ff9b::/96`) or by 6to4 (`2002::/16`).
fn dressed(address: Ipv6Addr) -> Option<Ipv4Addr> {
    match address.segments() {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0, 0, 0, 0, 0xffff, 0, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            Some(joined(high, low))
        }
        [0x2002, high, low, ..] => Some(joined(high, low)),
        _ => None,
    }
}

fn joined(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(high) << 16 | u32::from(low))
}

/// Which machine an address names, and which door of it where that is not the usual one.
pub(crate) fn with_port(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

pub(crate) fn inside(host: &str) -> Failure {
    let message = format!("{host} is inside this machine's networks; set `allowPrivate: true` for the provider if you trust it");
    Failure::new(FailureKind::Refused, message)
}

/// Without the address, whose path may hold anything.
pub(crate) fn broken(host: &str, error: reqwest::Error) -> Failure {
    if caused_by_refusal(&error) {
        return inside(host);
    }
    let is_connect = error.is_connect();
    let error = error.without_url();
    let mut causes = vec![error.to_string()];
    let mut source = error.source();
    while let Some(cause) = source {
        causes.push(cause.to_string());
        source = cause.source();
    }
    let message = match causes.last() {
        // The layers above the innermost cause only say again that there is no connection.
        Some(why) if is_connect => format!("cannot connect to {host}: {why}; check the address, and that the server is running"),
        _ => format!("the connection to {host} broke: {}", causes.join(": ")),
    };
    Failure::new(FailureKind::Network, message)
}

/// Finds addresses and keeps those inside back: a public name may lead there, on purpose.
pub(crate) struct PublicOnly;

#[derive(Debug, thiserror::Error)]
#[error("its addresses are inside this machine's networks")]
struct RefusedAddress;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            if found.iter().any(|address| is_private(address.ip())) {
                return Err(RefusedAddress.into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

fn caused_by_refusal(error: &reqwest::Error) -> bool {
    let mut source = error.source();
    while let Some(cause) = source {
        if cause.is::<RefusedAddress>() {
            return true;
        }
        source = cause.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::{PublicOnly, RefusedAddress, is_private};
    use reqwest::dns::Resolve;

    #[test]
    fn what_is_inside_is_private_in_every_dress() {
        for inside in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.100.100.200",
            "0.0.0.0",
            "255.255.255.255",
            "::1",
            "::",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "2002:a00:1::",
            "fd00::1",
            "fe80::1",
            "fec0::1",
            "feff::1",
            // Found missing: relays of 6to4, and the dresses and ranges of IPv6 below.
            "192.88.99.1",
            "::10.0.0.1",
            "::ffff:0:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::101:101",
            "64:ff9b:1:a00:1::",
            "2001::1",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "2001:2::1",
            "2001:10::1",
            "2001:1ff:ffff::1",
            "2001:db8::1",
            "3fff::1",
            "3fff:fff::1",
            "2002:c058:6301::1",
            "100::1",
            "5f00::1",
            "5f00:ffff::1",
        ] {
            assert!(is_private(inside.parse().unwrap()), "{inside}");
        }
        for outside in [
            "1.1.1.1",
            "104.18.7.192",
            "100.128.0.1",
            "172.32.0.1",
            "192.88.98.1",
            "2606:4700::6812:7c0",
            "64:ff9b::101:101",
            "::ffff:1.1.1.1",
            "::ffff:0:1.1.1.1",
            "2002:101:101::1",
            "2001:200::1",
            "2001:4860:4860::8888",
            "100:1::1",
            "3fff:1000::1",
            "5f01::1",
        ] {
            assert!(!is_private(outside.parse().unwrap()), "{outside}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_not_resolved() {
        let Err(error) = PublicOnly.resolve("localhost".parse().unwrap()).await else { panic!("it was resolved") };
        assert!(error.is::<RefusedAddress>(), "{error}");
    }
}
