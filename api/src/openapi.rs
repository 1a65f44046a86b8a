//! The parts of the OpenAPI document that no single route owns.

use utoipa::OpenApi;
use utoipa::openapi::link::{Link, LinkBuilder};
use utoipa::openapi::path::Operation;
use utoipa::openapi::{self, ContentBuilder, Ref, RefOr, Response, ResponseBuilder};

#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "Boxoffice",
        description = "Ticket booking. Requests are queued and decided in order: POST answers 202 \
            at once, or the decision itself with `Prefer: wait=N`. Every refusal is a problem (RFC \
            9457); `GET` its `type` for what it means.",
        version = "1",
    ),
    components(schemas(crate::board::AvailabilityChanges, crate::problem::ProblemBody)),
    tags(
        (name = "events", description = "What is on, and what is left"),
        (name = "reservations", description = "Asking for tickets, and holding them"),
        (name = "payments", description = "Paying"),
        (name = "problems", description = "What refusals mean"),
        (name = "health", description = "For those who operate it"),
    )
)]
pub(crate) struct Document;

const PROBLEM: &str = "application/problem+json";

/// What a client can do next with what it created: the link's name, its operation, and where the
/// answer contains each parameter.
type LinkRow = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const OF_RESERVATION: &[(&str, &str)] =
    &[("event", "$response.body#/event"), ("id", "$response.body#/id")];
const RESERVATION_LINKS: &[LinkRow] = &[
    ("show", "show_reservation", OF_RESERVATION),
    ("cancel", "cancel_reservation", OF_RESERVATION),
    ("pay", "create_payment", OF_RESERVATION),
    ("tickets", "list_tickets", OF_RESERVATION),
];
const PAYMENT_LINKS: &[LinkRow] = &[(
    "show",
    "show_payment",
    &[
        ("event", "$response.body#/event"),
        ("id", "$response.body#/reservation"),
        ("payment", "$response.body#/id"),
    ],
)];

/// Adds what many operations share, so that none has to repeat it: that a refusal is a problem, the
/// answers that every operation may give (too many requests, a fault, a time-out), and the links.
pub(crate) fn complete(mut document: openapi::OpenApi) -> openapi::OpenApi {
    let other = describe_problem(
        "Any other refusal: a problem. 500 for a fault of ours, 503 for a time-out.",
    );
    let too_many =
        describe_problem("Too many requests of this client: too-many-requests; see Retry-After");
    for (path, item) in &mut document.paths.paths {
        for operation in operations(item) {
            let links = links_of(operation);
            let responses = &mut operation.responses.responses;
            for (status, response) in responses.iter_mut() {
                let RefOr::T(response) = response else { continue };
                complete_response(status, response, links);
            }
            responses.insert("default".to_owned(), other.clone().into());
            if path.starts_with("/api/") {
                responses.insert("429".to_owned(), too_many.clone().into());
            }
        }
    }
    document
}

fn complete_response(status: &str, response: &mut Response, links: &[LinkRow]) {
    if status.starts_with(['4', '5']) && response.content.is_empty() {
        response.content = describe_problem("").content;
    }
    if matches!(status, "201" | "202") {
        response.links = links.iter().map(to_link).collect();
    }
}

fn describe_problem(description: &str) -> Response {
    let schema = Ref::from_schema_name("Problem");
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new().description(description).content(PROBLEM, content).build()
}

fn links_of(operation: &Operation) -> &'static [LinkRow] {
    match operation.operation_id.as_deref() {
        Some("create_reservation") => RESERVATION_LINKS,
        Some("create_payment") => PAYMENT_LINKS,
        _ => &[],
    }
}

fn to_link((name, operation, parameters): &LinkRow) -> (String, RefOr<Link>) {
    let mut link = LinkBuilder::new().operation_id(*operation);
    for (parameter, place) in *parameters {
        link = link.parameter(*parameter, *place);
    }
    ((*name).to_owned(), RefOr::T(link.build()))
}

fn operations(item: &mut openapi::PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete]
        .into_iter()
        .filter_map(Option::as_mut)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::router;

    #[test]
    fn every_operation_has_a_name_of_its_own_and_problems_for_its_refusals() {
        let mut document = router::document();
        let mut names = BTreeSet::new();
        for operation in document.paths.paths.values_mut().flat_map(operations) {
            let name = operation.operation_id.clone().unwrap();
            for (status, response) in &operation.responses.responses {
                let RefOr::T(response) = response else { panic!("{name}: a reference") };
                let is_refusal = status.starts_with(['4', '5']) && name != "ready";
                let has_problem = response.content.contains_key(PROBLEM);
                assert!(has_problem || !is_refusal, "{name} {status}");
            }
            assert!(operation.responses.responses.contains_key("default"), "{name}");
            assert!(names.insert(name.clone()), "{name} is there twice");
        }
        assert_eq!(names.len(), 15);
    }

    #[test]
    fn every_schema_that_is_referred_to_is_there() {
        let document = router::document();
        let text = document.to_json().unwrap();
        let schemas = document.components.unwrap().schemas;
        for reference in text.split("#/components/schemas/").skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(schemas.contains_key(name), "{name}");
        }
    }
}
