//! Sudden death under load.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Mutex;

use super::picture;
use crate::harness::{Client, Home, Server, eventually};

const ROUNDS: u64 = 5;
const UPLOADERS: usize = 4;
/// How many uploads are acknowledged before the next kill.
const PER_ROUND: u64 = 12;

/// Uploads one picture after the other until the server dies; remembers what was acknowledged.
async fn upload_until_it_dies(
    client: Client,
    next: Arc<AtomicU64>,
    acknowledged: Arc<Mutex<Vec<(String, u64)>>>,
) {
    loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        let Ok(answer) = client.upload("a.jpg", picture(seed)).await else { return };
        // Whatever is not acknowledged may be there or not.
        if answer.status == 201 {
            let id = answer.expect(201)["id"].as_str().unwrap().to_owned();
            acknowledged.lock().await.push((id, seed));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_when_the_server_is_killed() {
    let home = Home::new().with("BACKLOT_DETECT_FACES", "false");
    let server = Server::start(&home);
    let token = server.first_key();
    server.stop();
    let next = Arc::new(AtomicU64::new(1));
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    for round in 1..=ROUNDS {
        let server = Server::start(&home);
        let uploads: Vec<_> = (0..UPLOADERS)
            .map(|_| {
                let client = server.client(&token);
                let (next, acknowledged) = (Arc::clone(&next), Arc::clone(&acknowledged));
                tokio::spawn(upload_until_it_dies(client, next, acknowledged))
            })
            .collect();
        let enough = usize::try_from(round * PER_ROUND).unwrap();
        eventually(async || (acknowledged.lock().await.len() >= enough).then_some(())).await;
        server.kill();
        for upload in uploads {
            upload.await.unwrap();
        }
        home.run(&["verify"]).expect(0);
    }
    let server = Server::start(&home);
    let client = server.client(&token);
    eventually(async || {
        let page = client.get("/api/v1/assets?status=processing").await.expect(200);
        (page["count"] == 0).then_some(())
    })
    .await;
    for (id, seed) in acknowledged.lock().await.iter() {
        let asset = client.get(&format!("/api/v1/assets/{id}")).await.expect(200);
        assert_eq!(asset["status"], "ready", "{asset:#}");
        let original = client.get(&format!("/media/assets/{id}/original")).await;
        assert_eq!(original.body, picture(*seed), "{id}");
    }
    home.run(&["verify", "--deep"]).expect(0);
    server.stop();
}
