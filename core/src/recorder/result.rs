//! The numbers of what a command returned.

use super::read::Said;
use crate::error::{PublishError, SubscribeError, TopicError};
use crate::event::Ticket;

/// What a command returned: the ticket, or the number of the error.
pub(super) fn returned<E: Into<ErrorCode>>(result: Result<Ticket, E>) -> Said<'static> {
    let code = |error: E| {
        let ErrorCode(code) = error.into();
        code
    };
    Said::Returned(result.map(Ticket::get).map_err(code))
}

/// The number that stands for an error in a recording.
pub(super) struct ErrorCode(u64);

impl From<PublishError> for ErrorCode {
    fn from(error: PublishError) -> Self {
        Self(match error {
            PublishError::OutboxFull => 1,
            PublishError::TooLarge { .. } => 2,
            PublishError::QosNotSupported => 3,
            PublishError::ShutDown => 4,
            PublishError::Character { .. } => 5,
            PublishError::NeedsMqtt5 => 6,
            PublishError::Property => 7,
            PublishError::Topic(error) => topic_code(error),
        })
    }
}

impl From<SubscribeError> for ErrorCode {
    fn from(error: SubscribeError) -> Self {
        Self(match error {
            SubscribeError::TooMany => 1,
            SubscribeError::TooLong { .. } => 2,
            SubscribeError::ShutDown => 4,
            SubscribeError::Character { .. } => 5,
            SubscribeError::NeedsMqtt5 => 6,
            SubscribeError::Options => 7,
            SubscribeError::Filter(error) => topic_code(error),
        })
    }
}

const fn topic_code(error: TopicError) -> u64 {
    match error {
        TopicError::Empty => 16,
        TopicError::TooLong { .. } => 17,
        TopicError::Nul => 18,
        TopicError::Wildcard => 19,
        TopicError::MultiLevelMisplaced => 20,
        TopicError::SingleLevelMisplaced => 21,
    }
}
