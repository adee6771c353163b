use fivewire_sim::oracle::Promise::P2;

use crate::history::{History, setup};

#[test]
fn publish_order_on_each_topic_keeps_the_promise() {
    let mut history = History::of(setup());
    history.connect(false).publish(1, "a").publish(2, "b").publish(3, "a");
    // topics may overtake one another
    history.arrive(2, "b", 1, false).arrive(1, "a", 2, false).arrive(3, "a", 3, false);
    history.acknowledge(2, 1).acknowledge(1, 2).acknowledge(3, 3).settle();
    history.passes();
}

#[test]
fn repetitions_do_not_count() {
    let mut history = History::of(setup());
    history.connect(false).publish(1, "a").publish(2, "a");
    history.arrive(1, "a", 1, false).arrive(2, "a", 2, false).break_off();
    history.connect(true).arrive(1, "a", 1, true).arrive(2, "a", 2, true);
    history.acknowledge(1, 1).acknowledge(2, 2).settle();
    history.passes();
}

#[test]
fn a_message_that_overtakes_is_caught() {
    let mut history = History::of(setup());
    history.connect(false).publish(1, "a").publish(2, "a");
    history.arrive(2, "a", 1, false).arrive(1, "a", 2, false);
    history.breaks(P2, "after a later publication");
}

#[test]
fn a_message_that_overtakes_on_a_later_connection_is_caught() {
    let mut history = History::of(setup());
    history.connect(false).publish(1, "a").publish(2, "a").arrive(2, "a", 1, false).break_off();
    history.connect(true).arrive(1, "a", 2, false);
    history.breaks(P2, "after a later publication");
}
