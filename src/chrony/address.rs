//! What an address may be: a Unix socket's absolute path, or an IP literal with an optional port.

use std::borrow::Cow;
use std::ffi::{CStr, CString};
use std::net::{Ipv4Addr, Ipv6Addr};

use super::error::Error;

/// How chronyd is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    UnixSocket = 1,
    CommandPort = 2,
}

/// An address that was checked: libchrony takes it as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(Cow<'static, CStr>);

/// What is tried, in this order, when no address is given.
pub static DEFAULTS: [Address; 4] = [
    Address(Cow::Borrowed(c"/run/chrony/chronyd.sock")),
    Address(Cow::Borrowed(c"/var/run/chrony/chronyd.sock")),
    Address(Cow::Borrowed(c"127.0.0.1:323")),
    Address(Cow::Borrowed(c"[::1]:323")),
];

/// A `sockaddr_un` holds 108 bytes, the last a NUL.
const LONGEST_PATH: usize = 107;
/// Beside chronyd's socket libchrony binds its own, at DIRECTORY/libchrony.<12>/<16>/sock: so much shorter it must be.
const LONGEST_DIRECTORY: usize = 62;

impl Address {
    /// Checks what libchrony lets through: it would take port 99999 or `abc` for another port, and send to it.
    pub fn parse(text: &[u8]) -> Result<Self, Error> {
        let invalid = |reason| Error::Address { address: String::from_utf8_lossy(text).into_owned(), reason };
        let owned = CString::new(text).map_err(|_| invalid("it contains a NUL character"))?;
        if text.first() == Some(&b'/') {
            check_path(text).map_err(invalid)?;
        } else {
            let text = std::str::from_utf8(text).map_err(|_| invalid(NEITHER))?;
            check_ip(text).map_err(invalid)?;
        }
        Ok(Self(Cow::Owned(owned)))
    }

    pub fn transport(&self) -> Transport {
        if self.0.to_bytes().starts_with(b"/") { Transport::UnixSocket } else { Transport::CommandPort }
    }

    pub fn as_c_str(&self) -> &CStr {
        &self.0
    }
}

const NEITHER: &str = "it is neither the absolute path of a Unix socket nor an IPv4 or IPv6 address with an optional \
                       port, such as 127.0.0.1, 127.0.0.1:323, ::1 or [::1]:323 (host names are not looked up)";
const PORT: &str = "its port is not a number from 1 to 65535";

fn check_path(path: &[u8]) -> Result<(), &'static str> {
    let slash = path.iter().rposition(|&byte| byte == b'/').unwrap_or(0);
    if slash + 1 == path.len() {
        return Err("it names a directory, not a socket");
    }
    if slash == 0 {
        return Err("libchrony needs a directory other than / for its own socket");
    }
    if slash > LONGEST_DIRECTORY {
        return Err("its directory is longer than the 62 bytes libchrony's own socket beside it leaves room for");
    }
    if path.len() > LONGEST_PATH {
        return Err("it is longer than the 107 bytes of a Unix socket's path");
    }
    Ok(())
}

fn check_ip(text: &str) -> Result<(), &'static str> {
    if text.parse::<Ipv4Addr>().is_ok() || text.parse::<Ipv6Addr>().is_ok() {
        return Ok(());
    }
    let (ip_is_valid, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (ip, port) = rest.split_once("]:").ok_or(NEITHER)?;
            (ip.parse::<Ipv6Addr>().is_ok(), port)
        }
        None => {
            let (ip, port) = text.split_once(':').ok_or(NEITHER)?;
            (ip.parse::<Ipv4Addr>().is_ok(), port)
        }
    };
    if !ip_is_valid {
        return Err(NEITHER);
    }
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
            "[::1]",
            "[::1]:",
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
    fn the_transport_follows_from_the_address() {
        assert_eq!(DEFAULTS[0].transport(), Transport::UnixSocket);
        assert_eq!(DEFAULTS[3].transport(), Transport::CommandPort);
    }
}
