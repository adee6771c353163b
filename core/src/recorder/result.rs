//! How what a command returned is written.

use crate::checkpoint::{Field, Out, put_number};
use crate::error::{PublishError, SubscribeError, TopicError};
use crate::event::Ticket;

/// The number of an error.
pub(super) fn code<E: Into<ErrorCode>>(error: E) -> u64 {
    let ErrorCode(code) = error.into();
    code
}

/// What a command returned: 0 and the ticket, or the number of the error.
pub(super) fn put_result<E: Copy + Into<ErrorCode>>(result: &Result<Ticket, E>, out: &mut Out<'_>) {
    match result {
        Ok(ticket) => {
            put_number(0, out);
            ticket.put(out);
        }
        Err(error) => put_number(code(*error), out),
    }
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
