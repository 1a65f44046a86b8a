//! What a broker says about itself before login. The client library does not expose it.

use std::time::Duration;

use lapin::protocol::{AMQPClass, connection, parse_class};
use lapin::types::AMQPValue;
use lapin::uri::{AMQPScheme, AMQPUri};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use process::settings::Broker;

const HEADER: &[u8] = b"AMQP\x00\x00\x09\x01";
/// A limit for the length field, which an unknown server could set to anything.
const BYTES_MAX: u32 = 1 << 20;

/// The broker's product and version, from its first frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Greeting {
    /// Such as `RabbitMQ`.
    pub product: String,
    /// Such as `3.13.7`.
    pub version: String,
}

/// Connects and reads the first frame. None if the URL asks for TLS, which is not supported here.
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
