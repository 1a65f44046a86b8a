//! Readers of reservations and of payments by their ids.

use std::collections::HashMap;

use booking::domain::{Payment, Reservation};
use booking::ids::ReservationKey;
use store::Pool;
use store::payments::PaymentKey;

use super::batched::{Answers, Reader};
use super::database;
use super::meter::Read;

pub(crate) fn read_reservations(
    waiting_max: usize,
    pool: Pool,
) -> Reader<ReservationKey, Reservation> {
    Reader::start(waiting_max, move |keys| find_reservations(pool.clone(), keys))
}

pub(crate) fn read_payments(waiting_max: usize, pool: Pool) -> Reader<PaymentKey, Payment> {
    Reader::start(waiting_max, move |keys| find_payments(pool.clone(), keys))
}

async fn find_reservations(
    pool: Pool,
    keys: Vec<ReservationKey>,
) -> Answers<ReservationKey, Reservation> {
    let found = database::read_in_time(Read::Reservations, || async {
        Ok(store::reservations::find(&mut *pool.acquire().await?, &keys).await?)
    });
    let by_key = found.await?.into_iter().map(|one| ((one.event, one.id), one));
    Ok(by_key.collect::<HashMap<_, _>>())
}

async fn find_payments(pool: Pool, keys: Vec<PaymentKey>) -> Answers<PaymentKey, Payment> {
    database::read_in_time(Read::Payments, || async {
        Ok(store::payments::find(&mut *pool.acquire().await?, &keys).await?)
    })
    .await
}
