//! Messages between the zygote and the net helper, over a socket pair created before the helper's fork, or over a later
//! zygote's connection.

use protocol::VERSION;
use protocol::zygote::Mapping;
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum ToHelper {
    /// A new daemon. One descriptor: the channel to it.
    Daemon,
    /// The zygote ends and needs the helper no longer.
    End,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub enum FromHelper {
    /// The bridges' namespace, for the next helper. One descriptor.
    #[serde(rename = "namespace")]
    Bridges,
    /// A container's network namespace. One descriptor.
    #[serde(rename = "sandbox")]
    Namespace {
        #[serde(rename = "sandbox")]
        namespace: u64,
    },
    /// The helper's state, for a zygote that replaces one that has died. Two descriptors: the user namespace, and the
    /// bridges' network namespace. A [`FromHelper::Namespace`] message follows for each of `namespaces`.
    Handover {
        mapping: Mapping,
        #[serde(rename = "sandboxes")]
        namespaces: usize,
    },
    /// Network namespaces in which no container is started any more.
    Release {
        #[serde(rename = "sandboxes")]
        namespaces: Vec<u64>,
    },
}

/// Returns the name of the helper's socket in the run directory, which a later zygote connects to.
pub fn socket_name() -> String {
    format!("net-{VERSION}.sock")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_keep_their_text_for_zygotes_of_the_same_version() {
        let text = |message| serde_json::to_string(&message).unwrap();
        assert_eq!(text(FromHelper::Bridges), r#"{"type":"namespace"}"#);
        assert_eq!(
            text(FromHelper::Namespace { namespace: 7 }),
            r#"{"type":"sandbox","sandbox":7}"#
        );
        assert_eq!(
            text(FromHelper::Release {
                namespaces: vec![7]
            }),
            r#"{"type":"release","sandboxes":[7]}"#
        );
    }
}
