//! What an address may be: a Unix socket's absolute path, or an IP literal with an optional port.

use std::borrow::Cow;
use std::ffi::{CStr, CString};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How chronyd is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    UnixSocket = 1,
    CommandPort = 2,
}

/// An address that was checked: libchrony accepts it unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(Cow<'static, CStr>);

/// The addresses at which chronyd may be asked: the first one that can be reached is used.
pub type Candidates = Cow<'static, [Address]>;

/// What is tried, in this order, when no address is given and PYCHRONY_ADDRESS names none.
pub static DEFAULTS: [Address; 4] = [
    Address(Cow::Borrowed(c"/run/chrony/chronyd.sock")),
    Address(Cow::Borrowed(c"/var/run/chrony/chronyd.sock")),
    Address(Cow::Borrowed(c"127.0.0.1:323")),
    Address(Cow::Borrowed(c"[::1]:323")),
];

/// A `sockaddr_un` holds 108 bytes, the last a NUL.
const LONGEST_PATH: usize = 107;
/// Beside chronyd's socket libchrony binds its own, at DIRECTORY/libchrony.<12>/<16>/sock: so its directory must be
/// that much shorter.
const LONGEST_DIRECTORY: usize = 62;

/// Why a text is no address.
#[derive(Debug, thiserror::Error)]
#[error("invalid address {text:?}{origin}: {reason}")]
pub struct InvalidAddress {
    text: String,
    origin: &'static str,
    reason: &'static str,
}

impl Address {
    /// Checks what libchrony lets through: it would take port 99999 or `abc` for another port, and send to it.
    pub fn parse(text: &[u8]) -> Result<Self, InvalidAddress> {
        let invalid = |reason| InvalidAddress { text: String::from_utf8_lossy(text).into_owned(), origin: "", reason };
        let owned = CString::new(text).map_err(|_| invalid("it contains a NUL character"))?;
        if text.first() == Some(&b'/') {
            check_path(text).map_err(invalid)?;
        } else {
            let text = std::str::from_utf8(text).map_err(|_| invalid(NEITHER))?;
            check_ip(text).map_err(invalid)?;
        }
        // libchrony takes brackets only with a port.
        match text {
            [b'[', ip @ .., b']'] => Ok(Self(Cow::Owned(CString::new(ip).map_err(|_| invalid(NEITHER))?))),
            _ => Ok(Self(Cow::Owned(owned))),
        }
    }

    pub fn transport(&self) -> Transport {
        if self.0.to_bytes().starts_with(b"/") { Transport::UnixSocket } else { Transport::CommandPort }
    }

    /// Whether packets to it stay on this machine.
    pub fn is_local(&self) -> bool {
        self.ip().is_none_or(|ip| ip.is_loopback())
    }

    /// Whether it leads to a host only through the interface it is meant for, as fe80::1 does.
    pub fn is_link_local(&self) -> bool {
        matches!(self.ip(), Some(IpAddr::V6(ip)) if ip.is_unicast_link_local())
    }

    /// Its IP address; None for a Unix socket.
    fn ip(&self) -> Option<IpAddr> {
        split_port(self.0.to_str().ok()?).0.parse().ok()
    }

    pub fn as_c_str(&self) -> &CStr {
        &self.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.to_string_lossy().fmt(f)
    }
}

/// The candidates when no address is given: what PYCHRONY_ADDRESS names, if it is set, else chronyd's usual addresses.
pub fn default_candidates(variable: Option<&[u8]>) -> Result<Candidates, InvalidAddress> {
    let Some(text) = variable.filter(|text| !text.is_empty()) else { return Ok(Cow::Borrowed(&DEFAULTS)) };
    match Address::parse(text) {
        Ok(address) => Ok(Cow::Owned(vec![address])),
        Err(invalid) => Err(InvalidAddress { origin: " in the environment variable PYCHRONY_ADDRESS", ..invalid }),
    }
}

const NEITHER: &str = "it is neither the absolute path of a Unix socket nor an IPv4 or IPv6 address with an optional \
                       port, such as 127.0.0.1, 127.0.0.1:323, ::1 or [::1]:323 (host names are not looked up)";
const PORT: &str = "its port is not a number from 1 to 65535";
const ZONE: &str = "libchrony does not accept a zone (the part after %), so a link-local address cannot be used: give another \
                    address of that host";
const URL: &str =
    "it is a URL: give the path of the Unix socket alone, such as /run/chrony/chronyd.sock, or the IP address alone";

fn check_path(path: &[u8]) -> Result<(), &'static str> {
    let slash = path.iter().rposition(|&byte| byte == b'/').unwrap_or(0);
    if slash + 1 == path.len() {
        return Err("it names a directory, not a socket");
    }
    if slash == 0 {
        return Err("libchrony needs a directory other than / for its own socket");
    }
    if slash > LONGEST_DIRECTORY {
        return Err("its directory is longer than the 62 bytes that leave room for libchrony's own socket beside it");
    }
    if path.len() > LONGEST_PATH {
        return Err("it is longer than the 107 bytes of a Unix socket's path");
    }
    Ok(())
}

/// Splits an address into an IP address, without brackets, and its port, if it has one.
fn split_port(text: &str) -> (&str, Option<&str>) {
    if let Some(rest) = text.strip_prefix('[') {
        return match rest.split_once("]:") {
            Some((ip, port)) => (ip, Some(port)),
            None => (rest.strip_suffix(']').unwrap_or(rest), None),
        };
    }
    match text.split_once(':') {
        Some((ip, port)) if !port.contains(':') => (ip, Some(port)),
        _ => (text, None), // an IPv6 address has more than one colon
    }
}

fn check_ip(text: &str) -> Result<(), &'static str> {
    if text.contains("://") || text.starts_with("unix:") {
        return Err(URL);
    }
    if text.split_once('%').is_some_and(|(ip, _)| ip.trim_start_matches('[').parse::<Ipv6Addr>().is_ok()) {
        return Err(ZONE);
    }
    let (ip, port) = split_port(text);
    let is_bracketed = text.starts_with('[');
    let is_valid = match (is_bracketed, port) {
        (true, _) => (port.is_some() || text.ends_with(']')) && ip.parse::<Ipv6Addr>().is_ok(),
        (false, Some(_)) => ip.parse::<Ipv4Addr>().is_ok(),
        (false, None) => ip.parse::<IpAddr>().is_ok(),
    };
    if !is_valid {
        return Err(NEITHER);
    }
    let Some(port) = port else { return Ok(()) };
    // Digits only, since `parse` would take a sign; five at most, since libchrony reads a C int.
    let digits = port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit());
    match port.parse::<u16>() {
        Ok(1..) if digits => Ok(()),
        _ => Err(PORT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_ip_literals_are_taken() {
        for text in [
            "/run/chrony/chronyd.sock",
            "127.0.0.1",
            "127.0.0.1:1",
            "10.0.0.1:65535",
            "::1",
            "fe80::1:2:3",
            "[::1]",
            "[::1]:323",
            "[1:2:3:4:5:6:7:8]:9",
        ] {
            assert!(Address::parse(text.as_bytes()).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_libchrony_would_misread_is_refused() {
        for text in [
            "",
            "localhost",
            "localhost:323",
            "1.2.3.4:abc",
            "1.2.3.4:",
            "1.2.3.4:0",
            "1.2.3.4:99999",
            "1.2.3.4:+80",
            "1.2.3.4:-1",
            "1.2.3.4: 80",
            "1.2.3.4:000080",
            "1.2.3.4:80:80",
            "1.2.3",
            "[1.2.3.4]:80",
            "[::1]:",
            "[::1",
            "[]",
            "[127.0.0.1]",
            "[::1]323",
            "::1]:323",
            "[::1]:65536",
            "fe80::1%lo",
            "run/chrony/chronyd.sock",
            "/",
            "/chronyd.sock",
            "/run/chrony/",
            "/run/\0/chronyd.sock",
        ] {
            assert!(Address::parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn a_zone_and_a_url_are_refused_for_what_they_are() {
        let reason = |text: &str| Address::parse(text.as_bytes()).err().unwrap().reason;
        for text in ["fe80::1%eth0", "[fe80::1%eth0]", "[fe80::1%eth0]:323", "fe80::1%2"] {
            assert_eq!(reason(text), ZONE, "{text}");
        }
        for text in ["unix:///run/chrony/chronyd.sock", "unix:/run/chrony/chronyd.sock", "udp://127.0.0.1:323"] {
            assert_eq!(reason(text), URL, "{text}");
        }
        assert_eq!(reason("50%"), NEITHER);
    }

    #[test]
    fn paths_may_be_as_long_as_libchrony_allows_and_no_longer() {
        let path = |directory: usize, name: usize| {
            let mut path = vec![b'd'; directory];
            path[0] = b'/';
            path.push(b'/');
            path.extend(vec![b's'; name]);
            path
        };
        assert!(Address::parse(&path(62, 44)).is_ok());
        assert!(Address::parse(&path(62, 45)).is_err());
        assert!(Address::parse(&path(63, 10)).is_err());
    }

    #[test]
    fn an_ipv6_address_in_brackets_is_passed_on_as_libchrony_takes_it() {
        assert_eq!(Address::parse(b"[::1]").unwrap().as_c_str(), c"::1");
        assert_eq!(Address::parse(b"[::1]:323").unwrap().as_c_str(), c"[::1]:323");
    }

    #[test]
    fn only_loopback_addresses_and_unix_sockets_are_local() {
        for text in ["/run/chrony/chronyd.sock", "127.0.0.1", "127.9.9.9:323", "::1", "[::1]:323"] {
            assert!(Address::parse(text.as_bytes()).unwrap().is_local(), "{text}");
        }
        for text in ["192.0.2.1", "192.0.2.1:323", "2001:db8::1", "[2001:db8::1]:323"] {
            assert!(!Address::parse(text.as_bytes()).unwrap().is_local(), "{text}");
        }
    }

    #[test]
    fn the_transport_follows_from_the_address() {
        assert_eq!(DEFAULTS[0].transport(), Transport::UnixSocket);
        assert_eq!(DEFAULTS[3].transport(), Transport::CommandPort);
    }
}
