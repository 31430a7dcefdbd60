mod support;
use support::*;
#[test]
fn sdk() {
    let both = load("both");
    let mut runner = runner(patient(), &[&both]);
    let mut say = |user: &str| { let (_, outcome) = invite(&mut runner, &both, user); eprintln!("{user}: {outcome:?}"); };
    for user in ["reads", "keep", "use", "fails", "panics", "clock", "sleeps", "reads", "nobody"] { say(user); }
    let mut c = container(&both);
    while let Some(e) = c.poll_effect() { if let siplet_container::Effect::RunTurn(t) = e { eprintln!("{:?}", t.callback()); if let siplet_wasm::RunResult::Ran(_, o) = runner.run(t) { eprintln!("{o:?}"); } } }
    for name in ["hello", "answer"] {
        let s = load(name);
        let mut r = support::runner(patient(), &[&s]);
        let (turn, outcome) = invite(&mut r, &s, "bob");
        eprintln!("{name}: {outcome:?} {:?}", turn.application().descriptor);
        let n = 3000;
        let turns: Vec<_> = (0..n).map(|_| support::turn(&s, "bob")).collect();
        let t = std::time::Instant::now();
        for turn in turns { let _ = r.run(turn); }
        eprintln!("{name}: {} ns a turn", t.elapsed().as_nanos() / n);
    }
}
