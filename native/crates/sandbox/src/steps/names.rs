//! The names of a private UTS namespace.

use protocol::failure::Failure;

use crate::failure::system;

/// Sets the names that are given. A new namespace has the host's.
pub fn set(hostname: Option<&str>, domainname: Option<&str>) -> Result<(), Failure> {
    if let Some(name) = hostname {
        rustix::system::sethostname(name.as_bytes())
            .map_err(|errno| system("hostname", name, errno))?;
    }
    if let Some(name) = domainname {
        rustix::system::setdomainname(name.as_bytes())
            .map_err(|errno| system("domainname", name, errno))?;
    }
    Ok(())
}
