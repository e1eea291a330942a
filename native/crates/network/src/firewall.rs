//! What is done with packets: rules of nftables, written as the kernel reads them.

use rustix::io::Errno;

use crate::netlink::{APPEND, Batch, CREATE, Error, Netlink};

const NEW_TABLE: u16 = 0xa00;
const DELETE_TABLE: u16 = 0xa02;
const NEW_CHAIN: u16 = 0xa03;
const NEW_RULE: u16 = 0xa06;
const BATCH_BEGIN: u16 = 0x10;
const BATCH_END: u16 = 0x11;

/// Of packets that are to be taken for this machine's own.
pub const DIVERTED: u32 = 1;
/// Of first packets of connections that the host refused to make.
pub const REFUSED: u32 = 2;
/// Of those that the host found no way for.
pub const UNREACHABLE: u32 = 3;

/// The queue of first packets.
pub const QUEUE: u16 = 1;

/// Bridges whose containers reach beyond them.
pub const OPEN_BRIDGE: &str = "tbr";
/// Bridges whose containers do not.
pub const INTERNAL_BRIDGE: &str = "tbi";

const TCP: u8 = 6;
const UDP: u8 = 17;

const TABLE: &str = "tbox";
const ACCEPT: u32 = 1;
const DROP: u32 = 0;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Both = 1,
    Ipv4 = 2,
    Ipv6 = 10,
}

/// Has everything that leaves a bridge taken by the listeners on `port`, which see the address it was for;
/// what is neither TCP nor UDP is refused.
pub fn divert(netlink: &Netlink, port: u16) -> Result<(), Error> {
    let mut rules = Rules::begin(Family::Both, TABLE);
    rules.chain("diverted", "filter", 0, -150);
    rules.rule("diverted", |rule| {
        rule.enters_elsewhere_than("tb").verdict(ACCEPT);
    });
    rules.rule("diverted", |rule| {
        rule.enters_by(INTERNAL_BRIDGE)
            .addressed_here()
            .verdict(DROP);
    });
    for protocol in [TCP, UDP] {
        rules.rule("diverted", |rule| {
            rule.protocol(protocol)
                .of_transparent_socket()
                .set_mark(DIVERTED)
                .verdict(ACCEPT);
        });
    }
    rules.rule("diverted", |rule| {
        rule.marked(REFUSED).protocol(TCP).reject_with_reset();
    });
    rules.rule("diverted", |rule| {
        rule.marked(UNREACHABLE).reject(HOST_UNREACHABLE);
    });
    for protocol in [TCP, UDP] {
        rules.rule("diverted", |rule| {
            rule.addressed_here()
                .protocol(protocol)
                .divert_to(port)
                .set_mark(DIVERTED)
                .verdict(ACCEPT);
        });
    }
    rules.chain("forwarded", "filter", 2, 0);
    rules.rule("forwarded", |rule| {
        rule.reject(ADMINISTRATIVELY_PROHIBITED);
    });
    rules.perform(netlink)
}

/// Has the first packet of each connection wait in the queue. A queue that nobody reads lets packets pass.
pub fn queue_first_packets(netlink: &Netlink) -> Result<(), Error> {
    let queue = |rules: &mut Rules, write: fn(&mut Expressions<'_>)| {
        rules.chain("queued", "filter", 0, -151);
        rules.rule("queued", |rule| {
            rule.enters_by(OPEN_BRIDGE)
                .addressed_here()
                .protocol(TCP)
                .first_of_connection()
                .marked(0);
            write(rule);
        });
    };
    let mut rules = Rules::begin(Family::Both, "tbox-queue");
    queue(&mut rules, |rule| {
        rule.queue();
    });
    match rules.perform(netlink) {
        Err(Error {
            errno: Errno::NOENT | Errno::OPNOTSUPP,
            ..
        }) => {}
        result => return result,
    }
    // The older module does the same.
    for family in [Family::Ipv4, Family::Ipv6] {
        let mut rules = Rules::begin(family, "tbox-queue");
        queue(&mut rules, |rule| {
            rule.queue_by_target();
        });
        rules.perform(netlink)?;
    }
    Ok(())
}

/// In a container's own namespace: what is asked of port 53 of 127.0.0.11 goes to these ports, and that
/// port itself stays free for the container.
pub fn redirect_names(netlink: &Netlink, udp: u16, tcp: u16) -> Result<(), Error> {
    let mut rules = Rules::begin(Family::Ipv4, TABLE);
    rules.chain("names", "nat", 3, -100);
    for (protocol, port) in [(UDP, udp), (TCP, tcp)] {
        rules.rule("names", |rule| {
            rule.ipv4_destination([127, 0, 0, 11])
                .protocol(protocol)
                .destination_port(53)
                .translate_to([127, 0, 0, 11], port);
        });
    }
    rules.perform(netlink)
}

const HOST_UNREACHABLE: u8 = 2;
const ADMINISTRATIVELY_PROHIBITED: u8 = 3;

/// One table, made anew, in one transaction.
struct Rules {
    batch: Batch,
    family: Family,
    table: &'static str,
}

impl Rules {
    fn begin(family: Family, table: &'static str) -> Self {
        let mut batch = Batch::default();
        batch.silent(BATCH_BEGIN, &header(0, 10));
        let mut rules = Self {
            batch,
            family,
            table,
        };
        // What an earlier process left goes: it can only be removed where it is sure to be.
        rules.message("table", NEW_TABLE, 0x400).text(1, table);
        rules.message("table", DELETE_TABLE, 0).text(1, table);
        rules.message("table", NEW_TABLE, CREATE).text(1, table);
        rules
    }

    fn message(&mut self, what: &'static str, kind: u16, flags: u16) -> &mut Batch {
        let header = header(self.family as u8, 0);
        self.batch.message(what, kind, flags, &header)
    }

    fn chain(&mut self, name: &str, kind: &str, hook: u32, priority: i32) {
        let table = self.table;
        self.message("chain", NEW_CHAIN, CREATE)
            .text(1, table)
            .text(3, name)
            .nested(4, |attributes| {
                attributes
                    .network_number(1, hook)
                    .network_number(2, priority.cast_unsigned());
            })
            .text(7, kind);
    }

    fn rule(&mut self, chain: &str, write: impl FnOnce(&mut Expressions<'_>)) {
        let table = self.table;
        let message = self.message("rule", NEW_RULE, APPEND);
        message.text(1, table).text(2, chain).nested(4, |list| {
            write(&mut Expressions(list));
        });
    }

    fn perform(mut self, netlink: &Netlink) -> Result<(), Error> {
        self.batch.silent(BATCH_END, &header(0, 10));
        netlink.perform(&self.batch)
    }
}

fn header(family: u8, resource: u16) -> [u8; 4] {
    let [high, low] = resource.to_be_bytes();
    [family, 0, high, low]
}

const REGISTER: u32 = 1;

/// What a rule looks for, then what it does.
struct Expressions<'a>(&'a mut Batch);

impl Expressions<'_> {
    fn add(&mut self, name: &str, write: impl FnOnce(&mut Batch)) -> &mut Self {
        self.0.nested(1, |element| {
            element.text(1, name).nested(2, write);
        });
        self
    }

    fn meta(&mut self, key: u32) -> &mut Self {
        self.add("meta", |meta| {
            meta.network_number(1, REGISTER).network_number(2, key);
        })
    }

    fn compare(&mut self, operator: u32, value: &[u8]) -> &mut Self {
        self.add("cmp", |compare| {
            compare
                .network_number(1, REGISTER)
                .network_number(2, operator)
                .nested(3, |data| {
                    data.bytes(1, value);
                });
        })
    }

    fn load(&mut self, register: u32, value: &[u8]) -> &mut Self {
        self.add("immediate", |immediate| {
            immediate.network_number(1, register).nested(2, |data| {
                data.bytes(1, value);
            });
        })
    }

    fn payload(&mut self, base: u32, offset: u32, length: u32) -> &mut Self {
        self.add("payload", |payload| {
            payload
                .network_number(1, REGISTER)
                .network_number(2, base)
                .network_number(3, offset)
                .network_number(4, length);
        })
    }

    fn verdict(&mut self, code: u32) -> &mut Self {
        self.add("immediate", |immediate| {
            immediate.network_number(1, 0).nested(2, |data| {
                data.nested(2, |verdict| {
                    verdict.network_number(1, code);
                });
            });
        })
    }

    fn enters_by(&mut self, prefix: &str) -> &mut Self {
        self.meta(6).compare(0, prefix.as_bytes())
    }

    fn enters_elsewhere_than(&mut self, prefix: &str) -> &mut Self {
        self.meta(6).compare(1, prefix.as_bytes())
    }

    /// Not to a group of machines.
    fn addressed_here(&mut self) -> &mut Self {
        self.meta(19).compare(0, &[0])
    }

    fn protocol(&mut self, number: u8) -> &mut Self {
        self.meta(16).compare(0, &[number])
    }

    fn marked(&mut self, mark: u32) -> &mut Self {
        self.meta(3).compare(0, &mark.to_ne_bytes())
    }

    fn set_mark(&mut self, mark: u32) -> &mut Self {
        self.load(REGISTER, &mark.to_ne_bytes())
            .add("meta", |meta| {
                meta.network_number(2, 3).network_number(3, REGISTER);
            })
    }

    fn of_transparent_socket(&mut self) -> &mut Self {
        self.add("socket", |socket| {
            socket.network_number(1, 0).network_number(2, REGISTER);
        })
        .compare(0, &[1])
    }

    /// SYN without ACK.
    fn first_of_connection(&mut self) -> &mut Self {
        self.payload(2, 13, 1)
            .add("bitwise", |bitwise| {
                bitwise
                    .network_number(1, REGISTER)
                    .network_number(2, REGISTER)
                    .network_number(3, 1)
                    .nested(4, |mask| {
                        mask.bytes(1, &[0x12]);
                    })
                    .nested(5, |xor| {
                        xor.bytes(1, &[0]);
                    });
            })
            .compare(0, &[0x02])
    }

    fn divert_to(&mut self, port: u16) -> &mut Self {
        self.load(REGISTER, &port.to_be_bytes())
            .add("tproxy", |tproxy| {
                tproxy.network_number(1, 0).network_number(3, REGISTER);
            })
    }

    fn queue(&mut self) -> &mut Self {
        const BYPASS: u16 = 1;
        self.add("queue", |queue| {
            queue
                .bytes(1, &QUEUE.to_be_bytes())
                .bytes(2, &1_u16.to_be_bytes())
                .bytes(3, &BYPASS.to_be_bytes());
        })
    }

    fn queue_by_target(&mut self) -> &mut Self {
        const BYPASS: u16 = 1;
        let parts = [QUEUE, 1, BYPASS, 0];
        let information: Vec<u8> = parts.iter().flat_map(|part| part.to_ne_bytes()).collect();
        self.add("target", |target| {
            target
                .text(1, "NFQUEUE")
                .network_number(2, 3)
                .bytes(3, &information);
        })
    }

    fn reject(&mut self, code: u8) -> &mut Self {
        self.add("reject", |reject| {
            reject.network_number(1, 2).bytes(2, &[code]);
        })
    }

    fn reject_with_reset(&mut self) -> &mut Self {
        self.add("reject", |reject| {
            reject.network_number(1, 1).bytes(2, &[0]);
        })
    }

    fn ipv4_destination(&mut self, address: [u8; 4]) -> &mut Self {
        self.payload(1, 16, 4).compare(0, &address)
    }

    fn destination_port(&mut self, port: u16) -> &mut Self {
        self.payload(2, 2, 2).compare(0, &port.to_be_bytes())
    }

    fn translate_to(&mut self, address: [u8; 4], port: u16) -> &mut Self {
        self.load(REGISTER, &address)
            .load(REGISTER + 1, &port.to_be_bytes())
            .add("nat", |nat| {
                nat.network_number(1, 1)
                    .network_number(2, Family::Ipv4 as u32)
                    .network_number(3, REGISTER)
                    .network_number(5, REGISTER + 1)
                    .network_number(7, 2);
            })
    }
}
