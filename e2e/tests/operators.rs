//! Operators' commands while a system runs.

use anyhow::Result;
use booking::requests::Request;
use broker::Publication;
use broker::topology::{REQUESTS, Topology};
use e2e::messages::{pay, reserve, send, send_payments};
use e2e::{Options, Stack, eventually, plans};
use serde_json::Value;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_timeline_tells_support_what_happened_and_an_audit_what_is_wrong() -> Result<()> {
    let options = Options { api: false, dead_letters: 1, ..Options::of(plans::seated(1)) };
    let stack = Stack::start(options).await?;
    let request = reserve("ada", &[1, 2]);
    let id = request.id;
    send(&stack.publisher, 0, vec![Request::Reserve(request)]).await?;
    until(&stack, "SELECT count(*) FROM reservations WHERE status = 'held'").await;
    send_payments(&stack.publisher, 0, vec![pay(id)]).await?;
    until(&stack, "SELECT count(*) FROM reservations WHERE status = 'confirmed'").await;
    timeline(&stack, &id.to_string()).await?;
    audit(&stack).await?;
    stack.finish().await
}

async fn until(stack: &Stack, query: &'static str) {
    eventually(query, || async { stack.database.count(query).await.is_ok_and(|n| n == 1) }).await;
}

async fn timeline(stack: &Stack, id: &str) -> Result<()> {
    let (code, output) = stack.operate(&["timeline", "1", id], &[]).await?.into_parts();
    assert_eq!(code, 0, "{output}");
    let steps = ["pending -> held, tickets 1 2 until", "held -> paying", "paying -> confirmed"];
    let places: Vec<_> = steps.iter().map(|step| output.find(step)).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?}: {output}");
    let (_, output) = stack.operate(&["timeline", "1", id, "--json"], &[]).await?.into_parts();
    let output: Value = serde_json::from_str(&output)?;
    let to = |of: &str| -> Vec<_> {
        let changes = output["changes"].as_array().cloned().unwrap_or_default();
        let changes = changes.into_iter().filter(|change| change["of"] == of);
        changes.map(|change| (change["queue"].clone(), change["to"].clone())).collect()
    };
    let queue = |queue: &str, to: &str| (Value::from(queue), Value::from(to));
    let expected = [
        queue("requests", "held"),
        queue("payments.00", "paying"),
        queue("payments.00", "confirmed"),
    ];
    assert_eq!(to("reservation"), expected, "{output:#}");
    assert_eq!(to("payment").len(), 2, "{output:#}");
    let nobody = "00000000-0000-8000-8000-000000000000";
    assert_eq!(stack.operate(&["timeline", "1", nobody], &[]).await?.code, 1);
    Ok(())
}

async fn audit(stack: &Stack) -> Result<()> {
    let (code, output) = stack.operate(&["audit", "--json"], &[]).await?.into_parts();
    let report: Value = serde_json::from_str(&output)?;
    assert_eq!(
        (code, &report["holds"], &report["broker"]),
        (0, &true.into(), &Value::Array(vec![]))
    );

    let otherwise = [("BOXOFFICE__TOPOLOGY__REQUESTS_MAX_LENGTH", "77")];
    let (code, output) = stack.operate(&["audit"], &otherwise).await?.into_parts();
    assert_eq!(code, 3, "{output}");
    assert!(output.contains("queue requests.00: it was declared otherwise"), "{output}");
    let more = [("BOXOFFICE__TOPOLOGY__REQUEST_PARTITIONS", "5")];
    let (_, output) = stack.operate(&["audit"], &more).await?.into_parts();
    assert!(output.contains("queue requests.04: it is missing"), "{output}");

    let key = Topology::partition_key(0);
    stack.publisher.publish(Publication::durable(REQUESTS, key, b"no JSON".to_vec())).await?;
    let given_up = async || stack.operate(&["audit"], &[]).await.is_ok_and(|ran| ran.code == 3);
    eventually("a dead letter", given_up).await;

    let spoil = "UPDATE sections SET available = available - 1";
    sqlx::query(spoil).execute(&stack.database.pool).await?;
    let (code, output) =
        stack.operate(&["audit", "--database-only", "--recent", "900"], &[]).await?.into_parts();
    assert_eq!(code, 1, "{output}");
    assert!(output.contains("VIOLATED (1 rows)") && output.contains("section_counts"), "{output}");
    let mend = "UPDATE sections SET available = available + 1";
    sqlx::query(mend).execute(&stack.database.pool).await?;
    Ok(())
}
