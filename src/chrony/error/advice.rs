//! What the user can do about addresses that gave no report. Looks at the system where the cause is to be seen there.

use std::ffi::{CStr, CString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::super::address::Transport;
use super::{Attempt, Class};

/// What is to be seen of the system in which chronyd could not be asked.
#[derive(Debug, Default)]
pub struct Surroundings {
    /// The directory of the Unix socket that could not be used.
    directory: Option<Directory>,
    /// This process does not see the processes of the whole system.
    is_container: bool,
    /// This process is root, but only in a user namespace.
    is_namespace_root: bool,
}

#[derive(Debug)]
struct Directory {
    path: PathBuf,
    mode: u32,
    /// Whether this process may make files in it, and send to the socket in it.
    may_write: bool,
    may_send: bool,
}

/// The first namespaces of a system have these numbers: PROC_PID_INIT_INO and PROC_USER_INIT_INO in Linux.
const FIRST_PID_NAMESPACE: &str = "pid:[4026531836]";
const FIRST_USER_NAMESPACE: &str = "user:[4026531837]";

impl Surroundings {
    pub fn of(attempts: &[Attempt]) -> Self {
        let is_elsewhere = |link: &str, first: &str| fs::read_link(link).is_ok_and(|name| name != Path::new(first));
        // SAFETY: it takes nothing.
        let is_root = unsafe { libc::geteuid() } == 0;
        Self {
            directory: attempts.iter().find(|it| it.is_on_unix_socket()).and_then(Directory::of),
            is_container: is_elsewhere("/proc/self/ns/pid", FIRST_PID_NAMESPACE),
            is_namespace_root: is_root && is_elsewhere("/proc/self/ns/user", FIRST_USER_NAMESPACE),
        }
    }
}

impl Directory {
    fn of(attempt: &Attempt) -> Option<Self> {
        let socket = Path::new(std::ffi::OsStr::from_bytes(attempt.address.as_c_str().to_bytes()));
        let path = socket.parent()?.to_owned();
        let mode = fs::metadata(&path).ok()?.mode();
        let text = CString::new(path.as_os_str().as_bytes()).ok()?;
        let may_send = may(attempt.address.as_c_str(), libc::W_OK);
        Some(Self { path, mode, may_write: may(&text, libc::W_OK | libc::X_OK), may_send })
    }

    /// Whether chronyd turns its socket off: others may enter the directory. chrony: conf.c, CNF_CreateDirs().
    fn is_open_to_others(&self) -> bool {
        self.mode & 0o007 != 0
    }
}

fn may(path: &CStr, access: libc::c_int) -> bool {
    // SAFETY: text and numbers.
    unsafe { libc::faccessat(libc::AT_FDCWD, path.as_ptr(), access, libc::AT_EACCESS) == 0 }
}

/// One or more sentences, of which the last has no full stop.
pub fn advice(class: Class, attempts: &[Attempt], seen: &Surroundings) -> String {
    match class {
        Class::Unreachable => unreachable_advice(attempts, seen),
        Class::Denied => denial_advice(attempts, seen),
        Class::Silent => no_response_advice(attempts),
        Class::Unauthorized => {
            "The command port serves only some reports: ask through chronyd's Unix socket, as root or the \
             user it runs as, or list the report under opencommands in chrony.conf (chrony 4.7 or later)"
                .to_owned()
        }
    }
}

fn unreachable_advice(attempts: &[Attempt], seen: &Surroundings) -> String {
    let any = |errnos: &[i32]| attempts.iter().any(|it| it.errno().is_some_and(|errno| errnos.contains(&errno)));
    let is_exhausted =
        |it: &Attempt| matches!(it.errno(), Some(libc::EMFILE | libc::ENFILE | libc::ENOMEM | libc::ENOBUFS));
    let has_no_room =
        |it: &Attempt| it.is_on_unix_socket() && matches!(it.errno(), Some(libc::EROFS | libc::ENOSPC | libc::EDQUOT));
    if attempts.iter().all(is_exhausted) {
        return "This process or the system has run out of a resource that a socket needs, such as file descriptors or memory".to_owned();
    }
    if attempts.iter().any(has_no_room) {
        let or_ask = if tried_port(attempts) { "" } else { ", or ask chronyd's command port, address 127.0.0.1" };
        return format!(
            "libchrony cannot create its own socket beside chronyd's: that directory is on a read-only or full file system. \
             Mount it read-write, or free some space{or_ask}"
        );
    }
    if attempts.iter().any(|it| it.errno() == Some(libc::EINVAL) && it.address.is_link_local()) {
        return "A link-local address cannot be reached without the name of an interface (fe80::1%eth0), which libchrony does \
                not accept: use another address of that host"
            .to_owned();
    }
    if attempts.iter().any(Attempt::is_denied) {
        return format!(
            "Nothing is listening on the command port: is chronyd running? If it is, its command port is disabled (cmdport 0 \
             in chrony.conf), and {}",
            socket_users(seen)
        );
    }
    if let Some(directory) = seen.directory.as_ref().filter(|it| it.is_open_to_others() && any(&[libc::ENOENT])) {
        return format!(
            "Is chronyd running? It does not open its Unix socket in a directory that other users can enter: {} has mode \
             {:04o}, and must have 0750 or 0770",
            directory.path.display(),
            directory.mode & 0o7777
        );
    }
    if seen.is_container && seen.directory.is_none() && attempts.iter().any(Attempt::is_on_unix_socket) {
        return "Is chronyd running? This process seems to be in a container: to ask the host's chronyd, mount the host's \
                /run/chrony at the same path, or use the host's network"
            .to_owned();
    }
    "Is chronyd running, and does it listen there (bindcmdaddress, cmdport in chrony.conf)?".to_owned()
}

fn denial_advice(attempts: &[Attempt], seen: &Surroundings) -> String {
    if attempts.iter().any(|it| it.is_denied() && !it.is_on_unix_socket()) {
        return "The system does not let this process send to that address: a firewall rule forbids it, or it is a \
                broadcast address"
            .to_owned();
    }
    let users = capitalised(&socket_users(seen));
    format!("{users}; others can ask its command port, address 127.0.0.1 (cmdport, cmdallow in chrony.conf)")
}

/// Who may use chronyd's Unix socket, and what this process lacks.
fn socket_users(seen: &Surroundings) -> String {
    if let Some(directory) = seen.directory.as_ref().filter(|it| it.may_send && !it.may_write) {
        return format!(
            "using its Unix socket requires permission to write in {}, where libchrony creates its own socket",
            directory.path.display()
        );
    }
    let who = "only root and the user that chronyd runs as may use its Unix socket";
    if seen.is_namespace_root {
        return format!("{who}, and this process is root in its own user namespace only");
    }
    who.to_owned()
}

fn no_response_advice(attempts: &[Attempt]) -> String {
    let mut silent = attempts.iter().filter(|it| it.is_silent());
    let is_on = |transport: Transport| move |it: &Attempt| it.is_silent() && it.address.transport() == transport;
    let mut causes = vec!["It may be stopped or hung"];
    if attempts.iter().any(is_on(Transport::UnixSocket)) {
        causes.push(
            "its responses may not reach this process, because the directory of its socket is mounted here at another path, or \
             alone without the directory, or because a security policy (SELinux, AppArmor) forbids them",
        );
    }
    if silent.any(|it| !it.address.is_local()) {
        causes.push("it may not accept requests from this host (bindcmdaddress, cmdallow in its chrony.conf)");
    }
    if attempts.iter().any(is_on(Transport::CommandPort)) {
        causes.push("a firewall may drop the packets");
    }
    let causes = causes.join("; ");
    if attempts.iter().any(|it| it.is_denied() && it.is_on_unix_socket()) {
        return format!("{causes}. Only root and the user that chronyd runs as may use its Unix socket");
    }
    causes
}

fn tried_port(attempts: &[Attempt]) -> bool {
    attempts.iter().any(|it| !it.is_on_unix_socket())
}

fn capitalised(text: &str) -> String {
    let (first, rest) = text.split_at(1);
    first.to_uppercase() + rest
}

#[cfg(test)]
mod tests {
    use super::super::super::address::Address;
    use super::super::{Code, Failure};
    use super::*;

    const SOCKET: &str = "/run/x/chronyd.sock";

    fn attempts(attempts: &[(&str, i32)]) -> Vec<Attempt> {
        let system = |errno| Failure::System { code: Code::OpenFailed, errno };
        let failure = |errno| if errno == 0 { Failure::Silent { ignored: 0 } } else { system(errno) };
        let address = |text: &str| Address::parse(text.as_bytes()).unwrap();
        attempts.iter().map(|&(text, errno)| Attempt { address: address(text), failure: failure(errno) }).collect()
    }

    fn given(tried: &[(&str, i32)], seen: &Surroundings) -> String {
        let attempts = attempts(tried);
        advice(Class::of(&attempts), &attempts, seen)
    }

    fn directory(mode: u32, may_send: bool, may_write: bool) -> Surroundings {
        let directory = Directory { path: "/run/x".into(), mode, may_write, may_send };
        Surroundings { directory: Some(directory), ..Surroundings::default() }
    }

    fn nothing_seen() -> Surroundings {
        Surroundings::default()
    }

    #[test]
    fn who_is_denied_the_socket_is_told_of_the_port_unless_it_was_tried() {
        let text = given(&[(SOCKET, libc::EACCES)], &nothing_seen());
        assert!(
            text.starts_with("Only root and the user that chronyd runs as") && text.contains("127.0.0.1"),
            "{text}"
        );
        let text = given(&[(SOCKET, libc::EACCES), ("127.0.0.1", libc::ECONNREFUSED)], &nothing_seen());
        assert!(!text.contains("127.0.0.1") && text.contains("is chronyd running?"), "{text}");
        assert!(text.contains("cmdport 0") && text.contains("root and the user that chronyd runs as"), "{text}");
    }

    #[test]
    fn who_may_use_the_socket_and_not_write_beside_it_is_told_so() {
        for tried in [vec![(SOCKET, libc::EACCES)], vec![(SOCKET, libc::EACCES), ("127.0.0.1", libc::ECONNREFUSED)]] {
            let text = given(&tried, &directory(0o750, true, false));
            assert!(text.contains("permission to write in /run/x"), "{text}");
            let text = given(&tried, &directory(0o750, false, false));
            assert!(text.contains("nly root and the user that chronyd runs as"), "{text}");
        }
    }

    #[test]
    fn root_of_a_user_namespace_is_told_so() {
        let seen = Surroundings { is_namespace_root: true, ..nothing_seen() };
        let text = given(&[(SOCKET, libc::EACCES)], &seen);
        assert!(text.contains("root in its own user namespace only"), "{text}");
    }

    #[test]
    fn a_directory_open_to_others_is_named_as_the_reason_for_a_missing_socket() {
        let tried = [(SOCKET, libc::ENOENT), ("127.0.0.1", libc::ECONNREFUSED)];
        let text = given(&tried, &directory(0o40755, true, true));
        assert!(text.contains("/run/x has mode 0755"), "{text}");
        assert!(!given(&tried, &directory(0o40750, true, true)).contains("mode"));
    }

    #[test]
    fn a_container_without_the_directory_is_told_to_mount_it() {
        let tried = [(SOCKET, libc::ENOENT), ("127.0.0.1", libc::ECONNREFUSED)];
        let text = given(&tried, &Surroundings { is_container: true, ..nothing_seen() });
        assert!(text.contains("mount the host's"), "{text}");
        let text = given(&tried[1..], &Surroundings { is_container: true, ..nothing_seen() });
        assert!(!text.contains("mount"), "{text}");
    }

    #[test]
    fn a_directory_without_room_for_libchronys_socket_is_told_and_a_refused_port_not_advised() {
        for errno in [libc::EROFS, libc::ENOSPC, libc::EDQUOT] {
            let text = given(&[(SOCKET, errno), ("127.0.0.1", libc::ECONNREFUSED)], &nothing_seen());
            assert!(text.contains("read-only or full") && !text.contains("127.0.0.1"), "{text}");
            assert!(given(&[(SOCKET, errno)], &nothing_seen()).contains("127.0.0.1"));
        }
    }

    #[test]
    fn being_forbidden_to_send_is_not_about_the_unix_socket() {
        let text = given(&[("192.0.2.255", libc::EACCES)], &nothing_seen());
        assert!(text.contains("firewall") && !text.contains("Unix socket"), "{text}");
    }

    #[test]
    fn a_link_local_address_is_told_to_lack_its_interface() {
        assert!(given(&[("fe80::1", libc::EINVAL)], &nothing_seen()).contains("interface (fe80::1%eth0)"));
        assert!(!given(&[("2001:db8::1", libc::EINVAL)], &nothing_seen()).contains("interface"));
    }

    #[test]
    fn silence_is_explained_by_where_it_was_met() {
        let text = given(&[(SOCKET, 0)], &nothing_seen());
        assert!(text.contains("SELinux, AppArmor") && text.contains("mounted"), "{text}");
        assert!(!text.contains("firewall") && !text.contains("cmdallow"), "{text}");
        let text = given(&[("127.0.0.1", 0)], &nothing_seen());
        assert!(text.contains("firewall") && !text.contains("cmdallow") && !text.contains("SELinux"), "{text}");
        assert!(given(&[("192.0.2.1", 0)], &nothing_seen()).contains("cmdallow"));
        let text = given(&[(SOCKET, libc::EACCES), ("127.0.0.1", 0)], &nothing_seen());
        assert!(text.contains("user that chronyd runs as") && !text.contains("SELinux"), "{text}");
    }

    #[test]
    fn what_is_seen_of_a_directory_is_what_the_system_says() {
        let directory = std::env::temp_dir().join(format!("pychrony-{}", std::process::id()));
        fs::create_dir(&directory).unwrap();
        let socket = directory.join("chronyd.sock");
        let found = attempts(&[(socket.to_str().unwrap(), libc::ENOENT)]);
        let seen = Surroundings::of(&found);
        fs::remove_dir(&directory).unwrap();
        let found = seen.directory.unwrap();
        assert!(found.path == directory && found.may_write && !found.may_send && found.mode & 0o700 == 0o700);
    }
}
