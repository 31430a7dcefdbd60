//! The budgets of the message layer beside what was measured: time and allocations of four messages.
//!
//! `cargo bench -p siplet-sip` prints the table. `cargo bench -p siplet-sip -- --rounds 1000 forward INVITE` only runs
//! that column so often, for tools that count instructions: the difference of two counts is the cost of a round.
#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "a bench measures time")]
#![expect(clippy::print_stdout, reason = "a bench prints its table")]
#![expect(clippy::unwrap_used, reason = "the messages of the bench are good")]

use bytes::Bytes;
use siplet_sip::draft::Draft;
use siplet_sip::header::HeaderId;
use siplet_sip::limits::Limits;
use siplet_sip::message::Message;
use siplet_sip::validate::validate;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

#[path = "message/samples.rs"]
mod samples;

/// One column of the table: what is done to a message in a round.
struct Column {
    name: &'static str,
    title: &'static str,
    /// Microseconds for the INVITE on the machine of the survey, where there is a budget.
    budget_us: Option<f64>,
    allocations: u64,
    round: fn(&mut Desk),
}

/// What a shard keeps between two messages.
struct Desk {
    received: Bytes,
    limits: Limits,
    /// The message is put into the same share again, as long as nobody else holds it.
    message: Arc<Message>,
    out: Vec<u8>,
}

const COLUMNS: [Column; 6] = [
    Column {
        name: "floor",
        title: "floor: line ends and colons only",
        budget_us: None,
        allocations: 0,
        round: floor,
    },
    Column { name: "parse", title: "parse", budget_us: Some(0.40), allocations: 0, round: parse },
    Column { name: "fields", title: "parse + fields", budget_us: Some(0.60), allocations: 0, round: fields },
    Column {
        name: "forward",
        title: "parse + fields + proxy edit + output",
        budget_us: Some(0.75),
        allocations: 0,
        round: forward,
    },
    Column { name: "validate", title: "parse + validation", budget_us: None, allocations: 0, round: valid },
    Column {
        name: "share",
        title: "forward, in an Arc of its own",
        budget_us: None,
        allocations: 1,
        round: share,
    },
];

fn read(desk: &Desk) -> Message {
    Message::parse(desk.received.clone(), &desk.limits).unwrap()
}

/// The least that any parser has to do. The survey's machine took 0.18 us for it when the budgets were set, so that a
/// slower or busier machine shows here.
fn floor(desk: &mut Desk) {
    let mut at = 0;
    while let Some(end) = memchr::memchr(b'\n', &desk.received[at..]) {
        black_box(memchr::memchr(b':', &desk.received[at..at + end]));
        at += end + 1;
        if end < 2 {
            break;
        }
    }
}

fn parse(desk: &mut Desk) {
    black_box(&read(desk));
}

fn valid(desk: &mut Desk) {
    validate(black_box(&read(desk))).unwrap();
}

fn fields(desk: &mut Desk) {
    read_fields(black_box(&read(desk)));
}

fn forward(desk: &mut Desk) {
    let message = read(desk);
    *Arc::get_mut(&mut desk.message).unwrap() = message;
    read_fields(black_box(&desk.message));
    send_on(&desk.message, &mut desk.out);
}

fn share(desk: &mut Desk) {
    let message = Arc::new(read(desk));
    read_fields(black_box(&message));
    send_on(&message, &mut desk.out);
}

/// What transactions, dialogs and proxies need.
fn read_fields(message: &Message) {
    let via = message.top_via().unwrap();
    black_box((via.magic_branch(), via.sent_by(), via.received(), via.rport()));
    black_box(message.cseq().unwrap());
    black_box((message.call_id(), message.max_forwards().unwrap()));
    black_box((message.from_().unwrap().tag(), message.to().unwrap().tag()));
    black_box(message.contact().unwrap().map(|contact| contact.uri_bytes()));
    for address in message.route_set().chain(message.record_route()) {
        black_box(address.unwrap().uri_bytes());
    }
}

/// What a record-routing proxy changes, and the octets for the next hop.
fn send_on(message: &Arc<Message>, out: &mut Vec<u8>) {
    let mut draft = Draft::forward(message);
    if message.is_request() {
        draft
            .prepend(HeaderId::Via, b"SIP/2.0/UDP 192.0.2.77:5060;branch=z9hG4bK01f3a9c2b47d5e60;rport")
            .unwrap();
        draft.set(HeaderId::MaxForwards, b"68").unwrap();
        draft.prepend(HeaderId::RecordRoute, b"<sip:192.0.2.77:5060;lr;s=01f3a9c2b47d5e60>").unwrap();
    } else {
        assert!(draft.remove_top(HeaderId::Via));
    }
    out.clear();
    draft.write(out);
    black_box(out);
}

fn desk(text: &str) -> Desk {
    // The first clone of octets makes them shared; a shard's receive buffer is shared from the start.
    let received = Bytes::copy_from_slice(text.as_bytes());
    drop(received.clone());
    let limits = Limits::default();
    let message = Arc::new(Message::parse(received.clone(), &limits).unwrap());
    validate(&message).unwrap();
    Desk { received, limits, message, out: Vec::with_capacity(4096) }
}

/// The best time of a round over many short runs: what the code costs when nobody disturbs it. Beside it the best time
/// of the floor in the same moments, which tells the pace of the machine.
fn best(desk: &mut Desk, round: fn(&mut Desk), pacer: &mut Desk) -> (Duration, Duration) {
    const ROUNDS: u32 = 2_000;
    let run = |desk: &mut Desk, round: fn(&mut Desk)| {
        let start = Instant::now();
        (0..ROUNDS).for_each(|_| round(desk));
        start.elapsed()
    };
    let runs: Vec<_> = (0..100).map(|_| (run(desk, round), run(pacer, floor))).collect();
    let (time, pace) = (runs.iter().map(|run| run.0).min(), runs.iter().map(|run| run.1).min());
    (time.unwrap() / ROUNDS, pace.unwrap() / ROUNDS)
}

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--rounds", count, column, message] => {
            let column = COLUMNS.iter().find(|known| known.name == column).unwrap();
            let (_, text) = samples::all().into_iter().find(|(name, _)| *name == message).unwrap();
            let mut desk = desk(&text);
            (0..count.parse::<u64>().unwrap()).for_each(|_| (column.round)(&mut desk));
        }
        _ => table(),
    }
}

fn table() {
    println!(
        "best time of a message in us, as measured and at the pace of the survey's machine (allocations)"
    );
    println!(
        "the budgets are those of an INVITE; the pace is told by the floor of the INVITE, 0.18 us there\n"
    );
    let samples = samples::all();
    let mut pacer = desk(&samples[0].1);
    for column in &COLUMNS {
        let budget = column.budget_us.map_or("-".to_owned(), |budget| format!("{budget:.2}"));
        println!("{:<40} budget {budget} ({})", column.title, column.allocations);
        for (name, text) in &samples {
            let mut desk = desk(text);
            let (time, pace) = best(&mut desk, column.round, &mut pacer);
            let (time, paced) = (us(time), us(time) * 0.18 / us(pace));
            let allocations = allocation_counter::measure(|| (column.round)(&mut desk)).count_total;
            println!("  {name:<9} {:>5} octets {time:>7.3} {paced:>7.3} ({allocations})", text.len());
            assert_eq!(allocations, column.allocations, "{name}: allocations of {}", column.title);
        }
    }
}

fn us(time: Duration) -> f64 {
    time.as_nanos() as f64 / 1000.0
}
