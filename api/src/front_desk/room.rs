//! The waiting room of one partition: one envelope is on its way while the next one fills. Nobody
//! waits for a timer, so alone a request travels at once, and under load hundreds share a confirm. The
//! rooms share a few permits to send, so that the more there is to send, the fuller envelopes are.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use broker::PublishError;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;

use super::admission::{self, Admission, Host};

/// How long an envelope keeps others from being sent. A queue that does not confirm would otherwise
/// take a permit from all until the publish times out.
const PERMIT_MAX: Duration = Duration::from_millis(250);

/// Why a request was not admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The waiting room or the queue is full. The request is not queued.
    Full,
    /// The broker is away or takes nothing. The request is not queued.
    Away,
    /// It was sent, and no confirm came in time: it may be queued.
    Unknown,
    /// The queue is so far behind that the request would be decided too late. It is not queued.
    Behind {
        /// By how many milliseconds.
        by_ms: u32,
    },
}

struct Guest<T> {
    request: T,
    host: Host,
}

/// A bounded waiting room and the task that empties it.
#[derive(Debug)]
pub struct Room<T> {
    guests: mpsc::Sender<Guest<T>>,
}

impl<T: Send + 'static> Room<T> {
    /// Opens a room for `capacity` guests, who leave in envelopes through `publish` while there is a
    /// permit of `in_flight`. It closes when it is dropped.
    pub fn open<F>(
        capacity: usize,
        envelope_requests_max: usize,
        in_flight: Arc<Semaphore>,
        publish: impl Fn(Vec<T>) -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = Result<(), PublishError>> + Send + 'static,
    {
        let (guests, inbox) = mpsc::channel(capacity.max(1));
        tokio::spawn(serve(inbox, envelope_requests_max.max(1), in_flight, publish));
        Self { guests }
    }

    /// Lets a request in; it is admitted when the envelope that it travels in is confirmed.
    pub fn enter(&self, request: T) -> Result<Admission, Refusal> {
        let (host, admission) = admission::pair();
        self.guests.try_send(Guest { request, host }).map_err(|_| Refusal::Full)?;
        Ok(admission)
    }
}

async fn serve<T, F>(
    mut inbox: mpsc::Receiver<Guest<T>>,
    envelope_requests_max: usize,
    in_flight: Arc<Semaphore>,
    publish: impl Fn(Vec<T>) -> F,
) where
    F: Future<Output = Result<(), PublishError>>,
{
    let mut guests = Vec::with_capacity(envelope_requests_max);
    while inbox.recv_many(&mut guests, envelope_requests_max).await > 0 {
        let permit = in_flight.acquire().await.expect("it is never closed");
        while guests.len() < envelope_requests_max
            && let Ok(guest) = inbox.try_recv()
        {
            guests.push(guest);
        }
        // Who has gone was never admitted, and must not take tickets.
        guests.retain(|guest| !guest.host.is_alone());
        if guests.is_empty() {
            continue;
        }
        let (requests, waiting): (Vec<T>, Vec<_>) =
            guests.drain(..).map(|guest| (guest.request, guest.host)).unzip();
        let mut word = pin!(publish(requests));
        let in_time = timeout(PERMIT_MAX, &mut word).await;
        drop(permit);
        let word = match in_time {
            Ok(word) => word,
            Err(_) => word.await,
        };
        let word = word.map_err(|error| {
            let requests = waiting.len();
            tracing::warn!(%error, requests, "an envelope was not confirmed");
            refusal(&error)
        });
        for host in waiting {
            host.give(word);
        }
    }
}

fn refusal(error: &PublishError) -> Refusal {
    match error {
        PublishError::Full => Refusal::Full,
        PublishError::Away(_) | PublishError::Unroutable(_) => Refusal::Away,
        PublishError::Unknown => Refusal::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[derive(Clone, Default)]
    struct Broker {
        envelopes: Arc<Mutex<Vec<Vec<u32>>>>,
        confirms: Arc<Mutex<Vec<Result<(), PublishError>>>>,
    }

    impl Broker {
        fn room(&self, capacity: usize, most: usize, gate: &Arc<Semaphore>) -> Arc<Room<u32>> {
            let (broker, gate) = (self.clone(), Arc::clone(gate));
            let in_flight = Arc::new(Semaphore::new(1));
            Arc::new(Room::open(capacity, most, in_flight, move |requests: Vec<u32>| {
                let (broker, gate) = (broker.clone(), Arc::clone(&gate));
                async move {
                    broker.envelopes.lock().unwrap().push(requests);
                    gate.acquire().await.unwrap().forget();
                    broker.confirms.lock().unwrap().pop().unwrap_or(Ok(()))
                }
            }))
        }

        async fn until_sent(&self, envelopes: usize) {
            while self.envelopes.lock().unwrap().len() < envelopes {
                tokio::task::yield_now().await;
            }
        }
    }

    async fn word(room: &Room<u32>, request: u32) -> Result<(), Refusal> {
        room.enter(request)?.word().await
    }

    fn admit(room: &Arc<Room<u32>>, request: u32) -> tokio::task::JoinHandle<Result<(), Refusal>> {
        let room = Arc::clone(room);
        tokio::spawn(async move { word(&room, request).await })
    }

    #[tokio::test]
    async fn the_next_envelope_fills_while_one_is_on_its_way() {
        let (broker, gate) = (Broker::default(), Arc::new(Semaphore::new(0)));
        let room = broker.room(100, 3, &gate);
        let mut guests = vec![admit(&room, 1)];
        broker.until_sent(1).await;
        guests.extend((2..=6).map(|request| admit(&room, request)));
        while room.guests.capacity() > 95 {
            tokio::task::yield_now().await;
        }
        gate.add_permits(3);
        for guest in guests {
            assert_eq!(guest.await.unwrap(), Ok(()));
        }
        let envelopes = broker.envelopes.lock().unwrap().clone();
        assert_eq!(envelopes, [vec![1], vec![2, 3, 4], vec![5, 6]], "in order, at most three");
    }

    #[tokio::test]
    async fn every_guest_hears_what_became_of_its_own_envelope() {
        let (broker, gate) = (Broker::default(), Arc::new(Semaphore::new(9)));
        let room = broker.room(10, 1, &gate);
        for (error, refusal) in [
            (PublishError::Full, Refusal::Full),
            (PublishError::Away(String::new()), Refusal::Away),
            (PublishError::Unroutable(String::new()), Refusal::Away),
            (PublishError::Unknown, Refusal::Unknown),
        ] {
            broker.confirms.lock().unwrap().push(Err(error));
            assert_eq!(word(&room, 1).await, Err(refusal));
        }
        assert_eq!(word(&room, 1).await, Ok(()), "the room goes on");
    }

    #[tokio::test]
    async fn a_full_room_refuses_at_once_and_who_left_is_not_sent() {
        let (broker, gate) = (Broker::default(), Arc::new(Semaphore::new(0)));
        let room = broker.room(1, 10, &gate);
        let first = admit(&room, 1);
        broker.until_sent(1).await;
        let left = admit(&room, 2);
        while room.guests.capacity() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(word(&room, 3).await, Err(Refusal::Full));
        left.abort();
        assert!(left.await.is_err());
        gate.add_permits(2);
        assert_eq!(first.await.unwrap(), Ok(()));
        while room.guests.capacity() == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(word(&room, 4).await, Ok(()));
        assert_eq!(*broker.envelopes.lock().unwrap(), [vec![1], vec![4]]);
    }

    #[tokio::test]
    async fn rooms_that_share_permits_send_in_turn_and_fill_meanwhile() {
        let (sent, confirm) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Semaphore::new(0)));
        let in_flight = Arc::new(Semaphore::new(1));
        let open = || {
            let (sent, confirm) = (Arc::clone(&sent), Arc::clone(&confirm));
            Arc::new(Room::open(10, 10, Arc::clone(&in_flight), move |requests: Vec<u32>| {
                let (sent, confirm) = (Arc::clone(&sent), Arc::clone(&confirm));
                async move {
                    sent.lock().unwrap().push(requests);
                    confirm.acquire().await.unwrap().forget();
                    Ok(())
                }
            }))
        };
        let (one, other) = (open(), open());
        let mut guests = vec![admit(&one, 1)];
        while sent.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        for (room, request) in [(&other, 2), (&one, 3), (&other, 4), (&one, 5)] {
            guests.push(admit(room, request));
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
        }
        assert_eq!(*sent.lock().unwrap(), [[1]], "the other room waits for its turn");
        confirm.add_permits(3);
        for guest in guests {
            assert_eq!(guest.await.unwrap(), Ok(()));
        }
        assert_eq!(*sent.lock().unwrap(), [vec![1], vec![2, 4], vec![3, 5]]);
    }
}
