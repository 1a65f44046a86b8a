//! The page in a real browser, on the real stack: runs the tests in `web/e2e`.

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

    // A browser test asks for a restart of the front door by connecting here, and is told when it
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
    // What failed is told at the end of it.
    let told = String::from_utf8_lossy(&output.stdout);
    let trouble = String::from_utf8_lossy(&output.stderr);
    let passed = output.status.success() && told.contains(" 0 failed, 0 skipped");
    anyhow::ensure!(passed, "the browser tests did not all pass:\n{trouble}\n{told}");
    stack.finish().await
}
