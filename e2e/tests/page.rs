//! The web page in a real browser, against the real system: runs the tests in `web/e2e`.

use std::process::Command;

use anyhow::{Context, Result};
use e2e::{Options, Stack};
use store::seed;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_in_a_browser() -> Result<()> {
    let web = testbed::checkout::root().join("web");
    let built = web.join("dist/index.html").is_file() && web.join("node_modules").is_dir();
    anyhow::ensure!(built, "the page is not built: cargo xtask test builds it, or npm in web/");
    let mut options = Options::of(seed::demo().remove(0));
    options.events = seed::demo();
    let options = options.set("api__web_dir", web.join("dist").display());
    let mut stack = Stack::start(options).await?;

    // A browser test connects here to ask for a restart of the front door, and gets a reply when it
    // is ready.
    let hook = TcpListener::bind("127.0.0.1:0").await?;
    let ask = format!("bash -c 'cat < /dev/tcp/127.0.0.1/{}'", hook.local_addr()?.port());
    let mut npm = Command::new("npm");
    npm.args(["run", "--silent", "e2e"]).current_dir(web);
    npm.env("BOXOFFICE_URL", stack.buyer.base()).env("BOXOFFICE_RESTART_API", ask);
    let mut tests = tokio::task::spawn_blocking(move || npm.output());
    let output = loop {
        tokio::select! {
            output = &mut tests => break output?.context("npm")?,
            asked = hook.accept() => {
                let (mut asked, _) = asked?;
                stack.restart_api().await?;
                asked.shutdown().await?;
            }
        }
    };
    // The test runner lists failures at the end of its output.
    let stdout = String::from_utf8_lossy(&output.stdout);
    let trouble = String::from_utf8_lossy(&output.stderr);
    let passed = output.status.success() && stdout.contains(" 0 failed, 0 skipped");
    anyhow::ensure!(passed, "the browser tests did not all pass:\n{trouble}\n{stdout}");
    stack.finish().await
}
