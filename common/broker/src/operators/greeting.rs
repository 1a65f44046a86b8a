//! What a broker says of itself before anybody logs in. The client library does not pass it on.

use std::time::Duration;

use lapin::protocol::{AMQPClass, connection, parse_class};
use lapin::types::AMQPValue;
use lapin::uri::{AMQPScheme, AMQPUri};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use process::settings::Broker;

const HEADER: &[u8] = b"AMQP\x00\x00\x09\x01";
/// A greeting is far shorter.
const BYTES_MAX: u32 = 1 << 20;

/// A broker's name and version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Greeting {
    /// `RabbitMQ`.
    pub product: String,
    /// Its version.
    pub version: String,
}

/// Asks a broker who it is. None where it is reached over TLS, where this is not looked at.
pub async fn greet(settings: &Broker) -> Result<Option<Greeting>, String> {
    let uri: AMQPUri = settings.url.expose().parse()?;
    if uri.scheme != AMQPScheme::AMQP {
        return Ok(None);
    }
    let limit = Duration::from_millis(settings.connect_timeout_ms);
    let greeting = tokio::time::timeout(limit, read(&uri.authority.host, uri.authority.port));
    match greeting.await {
        Ok(read) => read.map(Some).map_err(|error| error.to_string()),
        Err(_) => Err(format!("no answer within {limit:?}")),
    }
}

async fn read(host: &str, port: u16) -> std::io::Result<Greeting> {
    let mut stream = TcpStream::connect((host, port)).await?;
    stream.write_all(HEADER).await?;
    let odd = |what: &str| std::io::Error::other(format!("it does not speak AMQP 0-9-1: {what}"));
    let kind = stream.read_u8().await?;
    let _channel = stream.read_u16().await?;
    let size = stream.read_u32().await?;
    if kind != 1 || size > BYTES_MAX {
        return Err(odd("its first frame is no method"));
    }
    let mut payload = vec![0; size as usize];
    stream.read_exact(&mut payload).await?;
    match parse_class(payload.as_slice()) {
        Ok((_, AMQPClass::Connection(connection::AMQPMethod::Start(start)))) => {
            let say = |name: &str| match start.server_properties.inner().get(name) {
                Some(AMQPValue::LongString(text)) => text.to_string(),
                _ => "unknown".to_owned(),
            };
            Ok(Greeting { product: say("product"), version: say("version") })
        }
        _ => Err(odd("its first method is not Start")),
    }
}
