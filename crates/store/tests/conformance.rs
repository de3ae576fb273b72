//! The suite, on every back end.

use std::sync::Arc;

use outflow_core::store::Store;
use outflow_store::suite::{claim, create, hint, lease, list, outbox, retention, transition, watch};
use outflow_store::testing::TestBackend;
use rstest::rstest;

#[rstest]
#[case::create_new_known_taken(create::a_request_is_new_then_known_then_taken)]
#[case::create_known_as_it_stands(create::a_known_request_is_answered_as_it_stands)]
#[case::create_numbers(create::numbers_of_a_request_compare_equal_to_themselves)]
#[case::create_concurrently(create::of_concurrent_callers_one_creates)]
#[case::create_text(create::text_comes_back_as_it_was_sent)]
#[case::transition_life(transition::a_whole_life_reads_back_as_it_was_answered)]
#[case::transition_ahead(transition::nothing_starts_before_it_was_accepted)]
#[case::transition_moments(transition::moments_are_answered_as_they_are_kept)]
#[case::transition_other_ends(transition::other_ends_read_back_too)]
#[case::transition_repeated(transition::a_repeated_change_is_stale)]
#[case::transition_illegal(transition::illegal_and_missing_change_nothing)]
#[case::transition_fenced(transition::an_overtaken_worker_writes_nothing)]
#[case::transition_race(transition::of_concurrent_changes_one_wins)]
#[case::transition_progress(transition::progress_grows_under_the_claim)]
#[case::claim_order(claim::claims_come_in_order)]
#[case::claim_takeover(claim::a_takeover_changes_the_fence_alone)]
#[case::claim_room(claim::a_warehouse_is_never_overfilled)]
#[case::claim_lapsed(claim::a_lapsed_unload_keeps_its_place)]
#[case::claim_waiting(claim::waiting_takes_no_place)]
#[case::claim_overdue(claim::what_is_overdue_is_not_begun)]
#[case::claim_concurrently(claim::concurrent_workers_share_the_work)]
#[case::claim_queue_position(claim::a_queue_position_counts_what_is_before)]
#[case::lease_heartbeat(lease::a_heartbeat_keeps_and_tells)]
#[case::lease_release(lease::a_release_gives_back_at_once)]
#[case::lease_next_due(lease::the_next_due_moment_is_the_earliest)]
#[case::lease_orphan(lease::what_nobody_holds_is_taken_over)]
#[case::list_filters(list::every_filter_shows_what_it_should)]
#[case::list_after_removed(list::a_page_goes_on_after_a_removed_unload)]
#[case::hint_once(hint::a_message_is_heard_once)]
#[case::hint_running(hint::a_hint_names_one_running_unload)]
#[case::hint_shared_name(hint::a_shared_name_names_nobody)]
#[case::outbox_entry(outbox::a_terminal_change_leaves_its_entry)]
#[case::outbox_held(outbox::entries_are_held_then_published)]
#[case::outbox_order(outbox::entries_of_an_unload_keep_their_order)]
#[case::outbox_relays(outbox::concurrent_relays_share_the_entries)]
#[case::retention_expirable(retention::what_is_over_can_expire)]
#[case::retention_garbage(retention::garbage_is_never_what_is_used)]
#[case::retention_unknown(retention::what_may_still_be_written_is_left_for_a_while)]
#[case::retention_never_ran(retention::what_never_ran_leaves_no_garbage)]
#[case::retention_purge(retention::a_purge_leaves_what_is_still_needed)]
#[case::retention_batches(retention::a_purge_goes_in_batches)]
#[case::watch_changes(watch::changes_are_told)]
#[case::watch_slow(watch::a_slow_listener_loses_notices_only)]
#[case::watch_numbers(watch::numbers_are_counted)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_store(
    #[case] holds: impl AsyncFn(Arc<dyn Store>),
    #[values(TestBackend::Sqlite, TestBackend::Postgres)] backend: TestBackend,
) {
    if let Some(database) = backend.database().await {
        holds(database.store().await).await;
    }
}
