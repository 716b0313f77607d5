//! Which addresses are the public Internet, and what the others are.
//!
//! IPv4 is public unless it is in a denied range. IPv6 is denied unless it is global unicast
//! (`2000::/3`) outside its denied ranges, or an IPv4 address in a wrapping that real networks
//! route (mapped, NAT64) and that address is public. Wrappings that only tunnels use (6to4,
//! Teredo, IPv4-compatible, site-local NAT64) are denied whatever is in them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address is, as far as fetching goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AddressClass {
    /// The Internet: the only one that is fetched from.
    Public,
    /// `0.0.0.0/8`, `::`: connecting there reaches this machine.
    Unspecified,
    /// `127.0.0.0/8`, `::1`.
    Loopback,
    /// `10.0.0.0/8`, `172.16.0.0/12`, `192.168.0.0/16`.
    Private,
    /// `169.254.0.0/16`, `fe80::/10`; where clouds keep their metadata service.
    LinkLocal,
    /// `100.64.0.0/10`, a carrier's own network.
    CarrierGrade,
    /// `224.0.0.0/4`, `ff00::/8`.
    Multicast,
    /// `255.255.255.255`.
    Broadcast,
    /// `192.0.2.0/24`, `198.51.100.0/24`, `203.0.113.0/24`, `2001:db8::/32`, `3fff::/20`.
    Documentation,
    /// `198.18.0.0/15`, `2001:2::/48`.
    Benchmark,
    /// `fc00::/7`.
    UniqueLocal,
    /// `fec0::/10`.
    SiteLocal,
    /// `100::/64`.
    Discard,
    /// `168.63.129.16`, a cloud's host agent at an address that looks public.
    CloudHost,
    /// A wrapping of IPv4 that is denied whatever is in it.
    Tunnel,
    /// Every other range that is not the Internet: `192.0.0.0/24`, `240.0.0.0/4`, `2001::/23`, and
    /// all IPv6 that is not handed out.
    Reserved,
}

impl AddressClass {
    /// Whether it may be fetched from.
    #[must_use]
    pub const fn is_public(self) -> bool {
        matches!(self, Self::Public)
    }

    /// What it is, to end the sentence "the address is".
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Unspecified => "unspecified",
            Self::Loopback => "a loopback address",
            Self::Private => "private",
            Self::LinkLocal => "link-local",
            Self::CarrierGrade => "of a carrier's own network",
            Self::Multicast => "a multicast address",
            Self::Broadcast => "the broadcast address",
            Self::Documentation => "for documentation only",
            Self::Benchmark => "for benchmarks only",
            Self::UniqueLocal => "unique-local",
            Self::SiteLocal => "site-local",
            Self::Discard => "for discarding only",
            Self::CloudHost => "a cloud's own",
            Self::Tunnel => "a tunnel's",
            Self::Reserved => "reserved",
        }
    }
}

/// What `address` is. Total, and reads nothing but the address.
#[must_use]
pub const fn address_class(address: IpAddr) -> AddressClass {
    match address {
        IpAddr::V4(v4) => class_v4(v4),
        IpAddr::V6(v6) => class_v6(v6),
    }
}

const fn class_v4(address: Ipv4Addr) -> AddressClass {
    match address.octets() {
        [0, ..] => AddressClass::Unspecified,
        [127, ..] => AddressClass::Loopback,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => AddressClass::Private,
        [169, 254, ..] => AddressClass::LinkLocal,
        [100, 64..=127, ..] => AddressClass::CarrierGrade,
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => AddressClass::Documentation,
        [198, 18..=19, ..] => AddressClass::Benchmark,
        [168, 63, 129, 16] => AddressClass::CloudHost,
        [192, 88, 99, _] => AddressClass::Tunnel,
        [224..=239, ..] => AddressClass::Multicast,
        [255, 255, 255, 255] => AddressClass::Broadcast,
        [192, 0, 0, _] | [240..=255, ..] => AddressClass::Reserved,
        _ => AddressClass::Public,
    }
}

const fn class_v6(address: Ipv6Addr) -> AddressClass {
    let segments = address.segments();
    let [a, b, c, d, _, _, g, h] = segments;
    match segments {
        [0, 0, 0, 0, 0, 0, 0, 0] => AddressClass::Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => AddressClass::Loopback,
        // Mapped: the system connects by IPv4. NAT64: the network does.
        [0, 0, 0, 0, 0, 0xffff, _, _] | [0x64, 0xff9b, 0, 0, 0, 0, _, _] => class_v4(v4(g, h)),
        // Compatible and 6to4: never public.
        [0, 0, 0, 0, 0, 0, _, _] => inside_tunnel(v4(g, h)),
        [0x2002, ..] => inside_tunnel(v4(b, c)),
        // Teredo has two addresses inside. In locally chosen NAT64 the place of the address
        // depends on the network.
        [0x2001, 0, ..] | [0x64, 0xff9b, 1, ..] => AddressClass::Tunnel,
        // ISATAP: any network, an interface that spells an IPv4 address.
        [_, _, _, _, 0 | 0x200, 0x5efe, _, _] if !class_v4(v4(g, h)).is_public() => {
            class_v4(v4(g, h))
        }
        _ => class_plain_v6(a, b, c, d),
    }
}

const fn class_plain_v6(a: u16, b: u16, c: u16, d: u16) -> AddressClass {
    match [a, b, c, d] {
        [0xfc00..=0xfdff, ..] => AddressClass::UniqueLocal,
        [0xfe80..=0xfebf, ..] => AddressClass::LinkLocal,
        [0xfec0..=0xfeff, ..] => AddressClass::SiteLocal,
        [0xff00..=0xffff, ..] => AddressClass::Multicast,
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => AddressClass::Documentation,
        [0x2001, 2, 0, _] => AddressClass::Benchmark,
        [0x100, 0, 0, 0] => AddressClass::Discard,
        [0x2001, 0..=0x1ff, ..] => AddressClass::Reserved,
        [0x2000..=0x3fff, ..] => AddressClass::Public,
        _ => AddressClass::Reserved,
    }
}

const fn inside_tunnel(inner: Ipv4Addr) -> AddressClass {
    match class_v4(inner) {
        AddressClass::Public => AddressClass::Tunnel,
        denied => denied,
    }
}

const fn v4(high: u16, low: u16) -> Ipv4Addr {
    let [a, b] = high.to_be_bytes();
    let [c, d] = low.to_be_bytes();
    Ipv4Addr::new(a, b, c, d)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// First, last and a middle address of every range, and the neighbours of the borders.
    #[test]
    fn every_range_begins_and_ends_where_its_registry_says() {
        use AddressClass as C;
        let table: &[(C, &str)] = &[
            (C::Unspecified, "0.0.0.0 0.0.0.1 0.255.255.255 ::"),
            (C::Loopback, "127.0.0.1 127.0.0.0 127.255.255.255 ::1 ::ffff:127.0.0.1 ::127.0.0.1"),
            (C::Private, "10.0.0.0 10.255.255.255 172.16.0.0 172.31.255.255"),
            (C::Private, "192.168.0.0 192.168.255.255 ::ffff:10.1.2.3 64:ff9b::10.0.0.1"),
            (C::Private, "2002:a00:1:: ::10.0.0.1"),
            (C::Private, "2606:4700::5efe:10.0.0.1 2606:4700::200:5efe:192.168.0.1"),
            (C::LinkLocal, "169.254.0.0 169.254.169.254 169.254.255.255 fe80:: febf:ffff::1"),
            (C::LinkLocal, "fe80::5efe:8.8.8.8 ::ffff:169.254.169.254"),
            (C::CarrierGrade, "100.64.0.0 100.100.100.200 100.127.255.255"),
            (C::Multicast, "224.0.0.0 239.255.255.255 ff00:: ff02::1 ffff::"),
            (C::Broadcast, "255.255.255.255 ::ffff:255.255.255.255"),
            (C::Documentation, "192.0.2.0 192.0.2.255 198.51.100.1 203.0.113.255"),
            (C::Documentation, "2001:db8:: 2001:db8:ffff::1 3fff:: 3fff:fff:ffff::"),
            (C::Benchmark, "198.18.0.0 198.19.255.255 2001:2::1 2001:2:0:ffff::"),
            (C::UniqueLocal, "fc00:: fd00:ec2::254 fdff:ffff::"),
            (C::SiteLocal, "fec0:: feff:ffff::"),
            (C::Discard, "100:: 100::ffff:ffff:ffff:ffff"),
            (C::CloudHost, "168.63.129.16 ::ffff:168.63.129.16"),
            (C::Tunnel, "192.88.99.1 2002:808:808:: ::8.8.8.8 64:ff9b:1::8.8.8.8"),
            (C::Tunnel, "2001:0:808:808:0:0:f7f7:f7f7 2001:0:808:808:0:0:f5ff:fffe"),
            (C::Tunnel, "2001:0:a00:1:0:0:f7f7:f7f7 64:ff9b:1::10.0.0.1 64:ff9b:1:a00:0:100::"),
            (C::Reserved, "192.0.0.0 192.0.0.192 192.0.0.255 240.0.0.0 255.255.255.254"),
            (C::Reserved, "2001:10::1 2001:20::1 2001:1ff:ffff::1 2001:1::1 2001:2:1::1"),
            (C::Reserved, "::ffff:0:8.8.8.8 1fff:: 4000:: 5f00::1 fe00:: fbff:: 100:0:0:1::"),
            (C::Reserved, "64:ff9b:0:1::8.8.8.8 64:ff9b:2:: ::2:0:0"),
            (C::Public, "1.0.0.0 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0"),
            (C::Public, "126.255.255.255 128.0.0.0 169.253.255.255 169.255.0.0 172.15.255.255"),
            (C::Public, "172.32.0.0 191.255.255.255 192.0.1.0 192.0.3.0 192.167.255.255"),
            (C::Public, "192.169.0.0 198.17.255.255 198.20.0.0 198.51.99.255 198.51.101.0"),
            (C::Public, "203.0.112.255 203.0.114.0 223.255.255.255 168.63.129.15"),
            (C::Public, "2000:: 2001:200:: 2606:4700::1111 2a00:1450::1 3ffe:: 3fff:1000::"),
            (C::Public, "::ffff:8.8.8.8 64:ff9b::8.8.8.8 2606:4700::5efe:8.8.8.8"),
            (C::Public, "2001:db7:ffff:: 2001:db9:: 2003:: 2001:4860:4860::8888"),
        ];
        for (class, addresses) in table {
            for raw in addresses.split(' ') {
                assert_eq!(address_class(raw.parse().unwrap()), *class, "{raw}");
            }
        }
    }

    /// The address in every wrapping, with `noise` where a wrapping leaves room.
    fn wrapped(inner: Ipv4Addr, noise: u16) -> Vec<Ipv6Addr> {
        let [high, low] = [(u32::from(inner) >> 16) as u16, (u32::from(inner) & 0xffff) as u16];
        let n = noise;
        [
            [0, 0, 0, 0, 0, 0xffff, high, low],
            [0, 0, 0, 0, 0, 0, high, low],
            [0x64, 0xff9b, 0, 0, 0, 0, high, low],
            [0x64, 0xff9b, 1, n, n, n, high, low],
            [0x64, 0xff9b, 1, high, low >> 8, low << 8, n, n],
            [0x2002, high, low, n, n, n, n, n],
            [0x2001, 0, n, n, n, n, !high, !low],
            [0x2001, 0, high, low, n, n, n, n],
            [0x2606, n, n, n, 0, 0x5efe, high, low],
            [0x2606, n, n, n, 0x200, 0x5efe, high, low],
            [0xfe80, 0, 0, 0, 0, 0x5efe, high, low],
        ]
        .map(Ipv6Addr::from)
        .to_vec()
    }

    /// Addresses most of which are in or next to a denied range.
    fn any_v4() -> impl Strategy<Value = Ipv4Addr> {
        let first = prop_oneof![
            Just(0_u8),
            Just(10),
            Just(100),
            Just(127),
            Just(168),
            Just(169),
            Just(172),
            Just(192),
            Just(198),
            Just(203),
            223..=255_u8,
            any::<u8>(),
        ];
        let second = prop_oneof![
            Just(0_u8),
            Just(16),
            Just(18),
            Just(31),
            Just(51),
            Just(64),
            Just(168),
            Just(254),
            any::<u8>(),
        ];
        (first, second, any::<[u8; 2]>()).prop_map(|(a, b, [c, d])| Ipv4Addr::new(a, b, c, d))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5_000))]

        #[test]
        fn a_denied_address_is_denied_in_every_wrapping(inner in any_v4(), noise: u16) {
            if !address_class(inner.into()).is_public() {
                for outer in wrapped(inner, noise) {
                    prop_assert!(!address_class(outer.into()).is_public(), "{inner} as {outer}");
                }
            }
        }

        #[test]
        fn nothing_is_public_that_std_calls_otherwise(inner in any_v4(), outer: u128) {
            let denied = inner.is_private() || inner.is_loopback() || inner.is_link_local()
                || inner.is_broadcast() || inner.is_documentation() || inner.is_multicast()
                || inner.is_unspecified();
            prop_assert!(!(denied && address_class(inner.into()).is_public()));
            let outer = Ipv6Addr::from(outer);
            let denied = outer.is_loopback() || outer.is_multicast() || outer.is_unique_local()
                || outer.is_unicast_link_local() || outer.is_unspecified();
            prop_assert!(!(denied && address_class(outer.into()).is_public()));
        }

        #[test]
        fn only_global_unicast_and_nat64_are_public(address: u128) {
            let address = Ipv6Addr::from(address);
            if address_class(address.into()).is_public() {
                prop_assert!(matches!(address.segments(), [0x2000..=0x3fff, ..]));
            }
        }
    }
}
