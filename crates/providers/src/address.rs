// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Which addresses belong to the inside of a network. A configuration that comes from somebody else must not make this
//! process speak to them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

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
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    // An IPv4 address may come in several IPv6 dresses, and reaches the same machine in each.
    if let Some(inner) = address.to_ipv4().or_else(|| translated(address)) {
        return is_private_v4(inner);
    }
    address.is_unique_local()
        || address.is_unicast_link_local()
        || address.is_multicast()
        || address.segments().starts_with(&[0x2001, 0xdb8])
        // Site-local, which is deprecated and still routed inside.
        || address.segments().first().is_some_and(|first| first & 0xffc0 == 0xfec0)
}

/// The IPv4 address in one of NAT64 (`64:ff9b::/96`) or 6to4 (`2002::/16`).
fn translated(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [first, second, third, .., seventh, eighth] = address.segments();
    match (first, second) {
        (0x64, 0xff9b) => Some(joined(seventh, eighth)),
        (0x2002, _) => Some(joined(second, third)),
        _ => None,
    }
}

fn joined(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(high) << 16 | u32::from(low))
}

#[cfg(test)]
mod tests {
    use super::is_private;

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
        ] {
            assert!(is_private(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["1.1.1.1", "104.18.7.192", "100.128.0.1", "172.32.0.1", "2606:4700::6812:7c0", "64:ff9b::101:101"] {
            assert!(!is_private(outside.parse().unwrap()), "{outside}");
        }
    }
}
