//! Demo events: a theatre, a club, a small studio with short holds, and one that is not on sale
//! yet. Their dates are relative to now, so that they never become outdated.

use sqlx::PgConnection;

use booking::ids::EventId;

/// An event to make.
#[derive(Debug, Clone)]
pub struct EventPlan {
    pub id: EventId,
    pub name: String,
    pub venue: String,
    /// The start, in days from now.
    pub starts_in_days: f64,
    /// The begin of the sale, in days from now; negative if it has begun.
    pub on_sale_in_days: f64,
    pub hold_seconds: i32,
    /// How much longer a hold lasts while it is being paid.
    pub paying_seconds: i32,
    pub tickets_per_reservation: i32,
    pub tickets_per_customer: Option<i32>,
    /// Names and prices in cents of the tiers, from number 1.
    pub tiers: Vec<(&'static str, i64)>,
    /// The sections, from number 1.
    pub sections: Vec<SectionPlan>,
}

/// A section to make.
#[derive(Debug, Clone)]
pub struct SectionPlan {
    pub name: &'static str,
    pub kind: SectionPlanKind,
}

#[derive(Debug, Clone)]
pub enum SectionPlanKind {
    Rows {
        /// The tier of each row, front to back.
        tiers: Vec<i32>,
        /// The label of the first row; the next rows have the next letters.
        first_row: u8,
        /// Seats in a row.
        seats: i32,
        /// Metres from the middle of the stage to the middle of the section, to the right.
        x: f32,
        /// Metres from the stage to the first row.
        y: f32,
        /// Whether the first and the last seat of the last row are accessible seats.
        accessible: bool,
    },
    Standing {
        tier: i32,
        capacity: i32,
    },
}

pub fn demo() -> Vec<EventPlan> {
    let rows = |name, tiers: &[(i32, usize)], first_row, seats, x, y, accessible| SectionPlan {
        name,
        kind: SectionPlanKind::Rows {
            tiers: tiers.iter().flat_map(|(tier, rows)| vec![*tier; *rows]).collect(),
            first_row,
            seats,
            x,
            y,
            accessible,
        },
    };
    let event = |id, name: &str, venue: &str| EventPlan {
        id: EventId(id),
        name: name.to_owned(),
        venue: venue.to_owned(),
        starts_in_days: 21.0,
        on_sale_in_days: -1.0,
        hold_seconds: 120,
        paying_seconds: 30,
        tickets_per_reservation: 8,
        tickets_per_customer: Some(8),
        tiers: vec![("Front rows", 8_900), ("Standard", 5_900), ("Balcony", 3_500)],
        sections: Vec::new(),
    };
    let theatre = vec![
        rows("Stalls left", &[(1, 4), (2, 16)], b'A', 12, -14.0, 4.0, true),
        rows("Stalls centre", &[(1, 6), (2, 14)], b'A', 22, 0.0, 4.0, false),
        rows("Stalls right", &[(1, 4), (2, 16)], b'A', 12, 14.0, 4.0, true),
        rows("Balcony left", &[(3, 10)], b'A', 14, -15.0, 27.0, false),
        rows("Balcony centre", &[(3, 10)], b'A', 20, 0.0, 27.0, true),
        rows("Balcony right", &[(3, 10)], b'A', 14, 15.0, 27.0, false),
    ];
    let club = vec![
        SectionPlan { name: "Floor", kind: SectionPlanKind::Standing { tier: 1, capacity: 400 } },
        SectionPlan { name: "Gallery", kind: SectionPlanKind::Standing { tier: 2, capacity: 80 } },
    ];
    vec![
        EventPlan {
            sections: theatre.clone(),
            ..event(1, "The Winter's Tale", "Royal Court Theatre")
        },
        EventPlan {
            starts_in_days: 9.0,
            tiers: vec![("Standing", 2_500), ("Gallery", 3_900)],
            sections: club,
            ..event(2, "Night Shift: live", "Kesselhaus Club")
        },
        EventPlan {
            starts_in_days: 5.0,
            hold_seconds: 5,
            paying_seconds: 10,
            tickets_per_customer: None,
            tiers: vec![("Studio", 1_800)],
            sections: vec![rows("Studio", &[(1, 6)], b'A', 10, 0.0, 2.0, true)],
            ..event(3, "Short Notice (holds last 5 seconds)", "Studio 60")
        },
        EventPlan {
            starts_in_days: 60.0,
            on_sale_in_days: 7.0,
            sections: theatre,
            ..event(4, "Opening Night: Cymbeline", "Royal Court Theatre")
        },
    ]
}

/// Inserts an event with its tickets, unless it exists. True if it was inserted.
pub async fn plant(connection: &mut PgConnection, plan: &EventPlan) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "INSERT INTO events (id, name, venue, starts_at, on_sale_at, hold_seconds, paying_seconds,
                             tickets_per_reservation, tickets_per_customer, currency)
         SELECT $1, $2, $3, day + make_interval(secs => 86400 * $4::float8 + 72000),
                date_trunc('milliseconds', now()) + make_interval(secs => 86400 * $5::float8),
                $6, $7, $8, $9, 'EUR'
         FROM date_trunc('day', now()) AS day
         ON CONFLICT DO NOTHING",
        plan.id.0,
        plan.name,
        plan.venue,
        plan.starts_in_days,
        plan.on_sale_in_days,
        plan.hold_seconds,
        plan.paying_seconds,
        plan.tickets_per_reservation,
        plan.tickets_per_customer,
    )
    .execute(&mut *connection)
    .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    for (number, (name, price)) in (1..).zip(&plan.tiers) {
        sqlx::query!(
            "INSERT INTO tiers (event_id, number, name, price) VALUES ($1, $2, $3, $4)",
            plan.id.0,
            number,
            *name,
            price,
        )
        .execute(&mut *connection)
        .await?;
    }
    let mut first_ticket = 1;
    for (number, section) in (1..).zip(&plan.sections) {
        first_ticket += plant_section(connection, plan.id, number, first_ticket, section).await?;
    }
    sqlx::query!("SELECT draw_section_plans($1)", plan.id.0).execute(connection).await?;
    Ok(true)
}

/// Inserts a section and its tickets, and returns the number of tickets.
async fn plant_section(
    connection: &mut PgConnection,
    event: EventId,
    number: i32,
    first_ticket: i32,
    plan: &SectionPlan,
) -> Result<i32, sqlx::Error> {
    let (kind, mut tiers): (_, Vec<i32>) = match &plan.kind {
        SectionPlanKind::Rows { tiers, seats, .. } => {
            let per_seat = tiers.iter().flat_map(|tier| vec![*tier; *seats as usize]).collect();
            ("seated", per_seat)
        }
        SectionPlanKind::Standing { tier, capacity } => {
            ("general", vec![*tier; *capacity as usize])
        }
    };
    sqlx::query!(
        "INSERT INTO tickets (event_id, number, tier)
         SELECT $1, $2::int + place - 1, tier
         FROM unnest($3::int[]) WITH ORDINALITY AS t (tier, place)",
        event.0,
        first_ticket,
        &tiers,
    )
    .execute(&mut *connection)
    .await?;
    plant_seats(connection, event, first_ticket, &plan.kind).await?;
    let capacity = tiers.len() as i32;
    tiers.sort_unstable();
    tiers.dedup();
    sqlx::query!(
        "INSERT INTO sections (event_id, number, name, kind, first_ticket, capacity, available,
                               tiers)
         VALUES ($1, $2, $3, $4::text::section_kind, $5, $6, $6, $7)",
        event.0,
        number,
        plan.name,
        kind,
        first_ticket,
        capacity,
        &tiers,
    )
    .execute(connection)
    .await?;
    Ok(capacity)
}

async fn plant_seats(
    connection: &mut PgConnection,
    event: EventId,
    first_ticket: i32,
    kind: &SectionPlanKind,
) -> Result<(), sqlx::Error> {
    let SectionPlanKind::Rows { tiers, first_row, seats, x, y, accessible } = kind else {
        return Ok(());
    };
    let rows = tiers.len() as i32;
    sqlx::query!(
        "INSERT INTO seats (event_id, number, row_label, seat_label, x, y, accessible)
         SELECT $1, $2 + row * $3 + seat, chr($4 + row), (seat + 1)::text,
                $5::real + 0.8::real * (seat - ($3 - 1) / 2.0)::real, $6::real + 1.0::real * row,
                $7 AND row = $8 - 1 AND seat IN (0, $3 - 1)
         FROM generate_series(0, $8 - 1) AS row, generate_series(0, $3 - 1) AS seat",
        event.0,
        first_ticket,
        seats,
        i32::from(*first_row),
        x,
        y,
        accessible,
        rows,
    )
    .execute(connection)
    .await?;
    Ok(())
}
