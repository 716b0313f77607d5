//! Statements, transactions and snapshots.

use backlot_store::testing::on_every_engine;
use backlot_store::{Fetch, args};

#[tokio::test]
async fn placeholders_are_bound_by_number_in_any_order_and_more_than_once() {
    on_every_engine(async |db| {
        let sql = "SELECT $2 || '-' || $1 || '-' || $2";
        let row = db.fetch_one(sql, args!["a", "b"], |row| row.get::<String>(0)).await.unwrap();
        assert_eq!(row, "b-a-b");
    })
    .await;
}
