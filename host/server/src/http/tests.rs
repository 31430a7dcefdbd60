use super::*;

#[test]
fn shards_are_asked_a_few_times_a_second_however_many_scrape() {
    let start = Instant::now();
    let mut page = Page::new(start);
    assert_eq!((0..1000).filter(|_| page.may_look(start)).count(), 50);
    let mut looks = 0;
    for ms in 0..10_000 {
        looks += u32::from(page.may_look(start + Duration::from_millis(ms)));
    }
    assert!((198..=200).contains(&looks), "{looks} in ten seconds");
    let after_a_pause = start + Duration::from_secs(60);
    assert_eq!((0..1000).filter(|_| page.may_look(after_a_pause)).count(), 50, "no more are saved up");
}

#[test]
fn the_oldest_connection_makes_room_for_the_newest() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut open = Open { connections: VecDeque::new(), most: 2 };
        let mut tasks = Vec::new();
        let mut cut = 0;
        for _ in 0..3 {
            cut += open.make_room();
            let task = tokio::spawn(std::future::pending::<()>());
            open.connections.push_back(task.abort_handle());
            tasks.push(task);
        }
        assert_eq!(cut, 1);
        let oldest = tasks.remove(0);
        assert!(oldest.await.unwrap_err().is_cancelled());
        assert!(tasks.iter().all(|task| !task.is_finished()));
        // Those that have ended take no room.
        tasks.into_iter().for_each(|task| task.abort());
        tokio::task::yield_now().await;
        assert_eq!(open.make_room(), 0);
        assert!(open.connections.is_empty());
    });
}
