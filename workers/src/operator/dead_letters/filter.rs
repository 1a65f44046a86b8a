//! Which letters a command is about.

use std::str::FromStr;

use broker::operators::Letter;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Filter {
    /// Letters whose id begins with this text.
    Id(String),
    /// Letters from queues whose name begins with this text.
    Queue(String),
    /// Letters whose reason contains this text.
    Reason(String),
    /// Letters whose body contains this text.
    Body(String),
}

impl Filter {
    pub(super) fn id(id: &str) -> Self {
        Self::Id(id.to_owned())
    }

    pub(super) fn fits(&self, letter: &Letter) -> bool {
        match self {
            Self::Id(id) => letter.id().starts_with(id),
            Self::Queue(queue) => letter.queue.as_ref().is_some_and(|q| q.starts_with(queue)),
            Self::Reason(part) => letter.reason.contains(part),
            Self::Body(part) => String::from_utf8_lossy(&letter.body).contains(part),
        }
    }
}

impl FromStr for Filter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (field, value) = text.split_once('=').unwrap_or((text, ""));
        let value = value.to_owned();
        match field {
            _ if value.is_empty() => Err("a filter is FIELD=TEXT".to_owned()),
            "id" => Ok(Self::Id(value)),
            "queue" => Ok(Self::Queue(value)),
            "reason" => Ok(Self::Reason(value)),
            "body" => Ok(Self::Body(value)),
            _ => Err("the field is one of id, queue, reason, body".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_names_a_field_and_what_it_must_have() {
        assert_eq!("queue=requests".parse(), Ok(Filter::Queue("requests".to_owned())));
        assert_eq!("body=a=b".parse(), Ok(Filter::Body("a=b".to_owned())));
        assert!("color=red".parse::<Filter>().is_err());
        assert!("queue=".parse::<Filter>().is_err() && "queue".parse::<Filter>().is_err());
    }
}
