/* Owner and policy in the log: docs/protocol.md, section 11.6. */
#include "owner.h"

#include <string.h>

#include "boot.h"
#include "bytes.h"
#include "holder.h"
#include "model.h"
#include "peer.h"
#include "suites.h"
#include "tap.h"

static bool owned_by(const struct key *key)
{
  return owner()->ownership == OWNER_CLAIMED && memcmp(owner()->key, key->public, 32) == 0;
}

static void claiming_writes_key_and_record_twice(void)
{
  const struct key authority = holder_key(1);
  uint8_t record[32] = { 'O', 'W', 'N', 'R' };
  holder_claimed_board();
  for (unsigned copy = 0; copy < 2; copy += 1) {
    CHECK(memcmp(model_log[2u * copy], authority.public, 32) == 0);
    store_u32(record + 4, 2u * copy);
    memcpy(record + 8, authority.public, 16);
    store_u32(record + 24, 0x5A5A5A5Au);
    store_u32(record + 28, port_crc32(record, 28));
    CHECK(memcmp(model_log[2u * copy + 1u], record, 32) == 0);
  }
  EQUAL(log_free(), PORT_LOG_WORDS - 4u);
  const struct access_facts facts = holder_access();
  EQUAL(facts.owned, 1);
  EQUAL(facts.rights, 0);
  CHECK(memcmp(facts.owner, authority.public, 32) == 0);
  holder_reset();
  CHECK(owned_by(&authority));
  EQUAL(log_free(), PORT_LOG_WORDS - 4u); /* nothing to repair */
}

static void a_board_with_an_owner_cannot_be_claimed(void)
{
  const struct key authority = holder_key(1);
  const struct key other = holder_key(2);
  holder_claimed_board();
  EQUAL(holder_claim(&other).result, ERROR_CLAIMED);
  EQUAL(holder_claim(&authority).result, ERROR_CLAIMED);
  EQUAL(holder_prove_rights(&authority, 31 & ~RIGHT_CLAIM).result, 0);
  EQUAL(holder_claim(&other).result, ERROR_CLAIMED);
  EQUAL(log_free(), PORT_LOG_WORDS - 4u);
  EQUAL(holder_prove_rights(&authority, RIGHT_CLAIM).result, 0);
  EQUAL(holder_claim(&authority).result, 0);
  EQUAL(log_free(), PORT_LOG_WORDS - 4u);
  EQUAL(holder_prove_rights(&authority, RIGHT_CLAIM).result, 0);
  EQUAL(holder_claim(&other).result, 0);
  CHECK(owned_by(&other));
  EQUAL(holder_access().rights, 0); /* what was proven to the old owner is worth nothing */
  EQUAL(holder_prove_rights(&authority, RIGHT_OWNER).result, ERROR_BAD_CERT);
  EQUAL(holder_prove_rights(&other, RIGHT_OWNER).result, 0);
}

static void only_usable_keys_are_taken(void)
{
  uint8_t record[32] = { 'O', 'W', 'N', 'R', 0xFF, 0xFF, 0xFF, 0xFF };
  uint8_t key[32] = { 2 }; /* no point has this y */
  model_new();
  peer_open();
  EQUAL(peer_ask(REQUEST_CLAIM, key, 32).result, ERROR_BAD_REQUEST);
  memset(key, 0xFF, 32);
  EQUAL(peer_ask(REQUEST_CLAIM, key, 32).result, ERROR_BAD_REQUEST);
  store_u32(record + 24, 0x5A5A5A5Au);
  for (unsigned i = 0; i < 64; i += 1) {
    store_u32(record + 8, i);
    store_u32(record + 28, port_crc32(record, 28));
    EQUAL(peer_ask(REQUEST_CLAIM, record, 32).result, ERROR_BAD_REQUEST); /* on the curve or not */
  }
  EQUAL(model.log_programs, 0);
  EQUAL(holder_access().owned, 0);
}

static void a_log_without_room_changes_nothing(void)
{
  const struct key authority = holder_key(1);
  for (unsigned left = 0; left < 5; left += 1) {
    model_new();
    peer_open();
    while (log_free() > left) {
      EQUAL(log_store_boot_address(0x90100000u + 1024u * (log_free() % 2u + 1u)), 0);
    }
    const unsigned before = model.log_programs;
    EQUAL(holder_claim(&authority).result, left < 4 ? ERROR_LOG_FULL : 0);
    EQUAL(model.log_programs - before, left < 4 ? 0 : 4);
    EQUAL(holder_access().owned, left < 4 ? 0 : 1);
  }
  EQUAL(holder_prove_rights(&authority, RIGHT_OWNER).result, 0);
  EQUAL(holder_policy(1).result, ERROR_LOG_FULL);
  EQUAL(peer_ask(REQUEST_RELEASE, NULL, 0).result, ERROR_LOG_FULL);
  EQUAL(holder_access().owned, 1);
  EQUAL(holder_access().rights, 63);
}

static void a_log_that_refuses_changes_nothing(void)
{
  const struct key authority = holder_key(1);
  model_new();
  peer_open();
  model.log_refuses = true;
  EQUAL(holder_claim(&authority).result, ERROR_LOG_FAILED);
  EQUAL(holder_access().owned, 0);
  model.log_refuses = false;
  EQUAL(holder_claim(&authority).result, 0);
  EQUAL(holder_prove_rights(&authority, RIGHT_OWNER).result, 0);
  model.log_refuses = true;
  EQUAL(holder_policy(1).result, ERROR_LOG_FAILED);
  EQUAL(holder_access().policy, 0);
  EQUAL(peer_ask(REQUEST_RELEASE, NULL, 0).result, ERROR_LOG_FAILED);
  EQUAL(holder_access().owned, 1);
}

/* With any single word unreadable, the next start finds the same owner and policy. */
static void survives_any_unreadable_word(const struct key *key, uint8_t policy)
{
  const uint32_t used = PORT_LOG_WORDS - log_free();
  for (uint32_t i = 0; i < used; i += 1) {
    const bool was = model_log_bad[i];
    model_log_bad[i] = true;
    log_read();
    if (!CHECK(owned_by(key)) || !EQUAL(owner()->policy, policy)) {
      tap_note("word %u of %u unreadable", i, used);
    }
    model_log_bad[i] = was;
  }
  log_read();
}

/* Cuts word `n` of CLAIM on an open board or on one of key 1. Returns false when there was no such word. */
static bool cut_claim(bool transfer, unsigned n, enum model_torn torn)
{
  const struct key before = holder_key(1);
  const struct key after = holder_key(2);
  model_new();
  peer_open();
  if (transfer) {
    EQUAL(holder_claim(&before).result, 0);
    EQUAL(holder_prove_rights(&before, RIGHT_CLAIM).result, 0);
  }
  model.cut_at = model.operations + n;
  model.torn = torn;
  (void)holder_claim(&after);
  const bool was_cut = model.off;
  const bool happened = !was_cut || n > 2 || (n == 2 && torn == TORN_ALL);
  model_power_cycle();
  holder_reset();
  if (happened) {
    CHECK(owned_by(&after));
    survives_any_unreadable_word(&after, 0); /* the start wrote what was missing */
  } else if (transfer) {
    CHECK(owned_by(&before));
    survives_any_unreadable_word(&before, 0);
  } else {
    EQUAL(owner()->ownership, OWNER_NONE);
    EQUAL(holder_claim(&after).result, 0);
    survives_any_unreadable_word(&after, 0);
  }
  return was_cut;
}

static void a_claim_cut_at_each_word_has_happened_or_not(void)
{
  for (unsigned transfer = 0; transfer < 2; transfer += 1) {
    for (unsigned torn = 0; torn < TORN_WAYS; torn += 1) {
      unsigned n = 1;
      while (cut_claim(transfer == 1, n, (enum model_torn)torn)) {
        n += 1;
      }
      EQUAL(n, 5);
    }
  }
}

static void a_policy_lasts_and_is_the_owners(void)
{
  const struct key authority = holder_key(1);
  const struct key other = holder_key(2);
  holder_claimed_board();
  EQUAL(holder_policy(1).result, ERROR_DENIED);
  EQUAL(holder_prove_rights(&authority, RIGHT_OWNER).result, 0);
  for (unsigned policy = 4; policy < 256; policy += 1) {
    EQUAL(holder_policy((uint8_t)policy).result, ERROR_BAD_REQUEST);
  }
  static const uint8_t policies[] = { 1, 3, 2, 0, 3 };
  for (unsigned i = 0; i < sizeof policies; i += 1) {
    const struct reply reply = holder_policy(policies[i]);
    EQUAL(reply.result, 0);
    EQUAL(reply.payload[2], policies[i]);
    EQUAL(holder_access().policy, policies[i]);
  }
  const uint32_t left = log_free();
  EQUAL(left, PORT_LOG_WORDS - 4u - 2u * 5u);
  EQUAL(holder_policy(3).result, 0);
  EQUAL(log_free(), left);
  survives_any_unreadable_word(&authority, 3);
  holder_reset();
  EQUAL(holder_access().policy, 3);
  EQUAL(holder_prove_rights(&authority, RIGHT_CLAIM).result, 0);
  EQUAL(holder_claim(&other).result, 0);
  EQUAL(holder_access().policy, 0);
  holder_reset();
  EQUAL(holder_access().policy, 0);
}

static void a_policy_cut_at_each_word_is_the_old_or_the_new(void)
{
  const struct key authority = holder_key(1);
  for (unsigned torn = 0; torn < TORN_WAYS; torn += 1) {
    for (unsigned n = 1; n <= 2; n += 1) {
      holder_claimed_board();
      EQUAL(holder_prove_rights(&authority, RIGHT_OWNER).result, 0);
      model.cut_at = model.operations + n;
      model.torn = (enum model_torn)torn;
      (void)holder_policy(1);
      CHECK(model.off);
      model_power_cycle();
      holder_reset();
      const uint8_t found = owner()->policy;
      EQUAL(found, n == 2 || torn == TORN_ALL ? 1 : 0);
      survives_any_unreadable_word(&authority, found);
    }
  }
}

static void a_release_opens_the_board(void)
{
  const struct key authority = holder_key(1);
  holder_claimed_board();
  EQUAL(peer_ask(REQUEST_RELEASE, NULL, 0).result, ERROR_DENIED);
  EQUAL(holder_prove_rights(&authority, RIGHT_OWNER).result, 0);
  EQUAL(holder_policy(3).result, 0);
  EQUAL(peer_ask(REQUEST_RELEASE, NULL, 0).result, 0);
  EQUAL(holder_access().owned, 0);
  EQUAL(holder_access().policy, 0);
  EQUAL(peer_ask(REQUEST_RELEASE, NULL, 0).result, ERROR_NOT_CLAIMED);
  holder_reset();
  EQUAL(holder_access().owned, 0);
  EQUAL(holder_access().rights, 63);
  EQUAL(holder_claim(&authority).result, 0);
  EQUAL(holder_access().policy, 0);
  survives_any_unreadable_word(&authority, 0);
}

static void a_release_cut_off_leaves_the_owner(void)
{
  const struct key authority = holder_key(1);
  for (unsigned torn = 0; torn < TORN_WAYS; torn += 1) {
    holder_claimed_board();
    EQUAL(holder_prove_rights(&authority, RIGHT_OWNER).result, 0);
    model.cut_at = model.operations + 1;
    model.torn = (enum model_torn)torn;
    (void)peer_ask(REQUEST_RELEASE, NULL, 0);
    model_power_cycle();
    holder_reset();
    EQUAL(owner()->ownership, torn == TORN_ALL ? OWNER_NONE : OWNER_CLAIMED);
  }
}

/* Records that point anywhere, and key words that do not agree. */
static void records_that_do_not_agree_are_skipped(void)
{
  const struct key authority = holder_key(1);
  static const uint32_t indices[] = { 0, 1, 2047, 2048, 0x80000000u, 0xFFFFFFFEu };
  for (unsigned i = 0; i < sizeof indices / sizeof indices[0]; i += 1) {
    holder_claimed_board();
    struct log_record record = { .kind = LOG_OWNER, .value = indices[i], .key = { 1, 2, 3 } };
    CHECK(log_append(&record) >= 0);
    log_read();
    CHECK(owned_by(&authority));
  }
}

#if defined(BOARD_OWNER)
static void an_owner_compiled_in_is_there_from_the_start(void)
{
  static const uint8_t key[32] = BOARD_OWNER;
  const struct key authority = holder_key(1);
  const struct key other = holder_key(2);
  CHECK(memcmp(key, authority.public, 32) == 0);
  model_new();
  peer_open();
  EQUAL(holder_access().owned, 2);
  CHECK(memcmp(holder_access().owner, key, 32) == 0);
  EQUAL(holder_access().rights, 0);
  EQUAL(peer_ask_address(REQUEST_BOOT, 0).result, ERROR_DENIED);
  EQUAL(holder_claim(&other).result, ERROR_CLAIMED);
  EQUAL(holder_prove_rights(&other, RIGHT_OWNER).result, ERROR_BAD_CERT);
  EQUAL(holder_prove_rights(&authority, RIGHT_OWNER).result, 0);
  EQUAL(holder_claim(&other).result, ERROR_CLAIMED);
  EQUAL(peer_ask(REQUEST_RELEASE, NULL, 0).result, ERROR_NOT_CLAIMED);
  EQUAL(model.log_programs, 0);
  EQUAL(holder_policy(3).result, 0);
  holder_reset();
  EQUAL(holder_access().policy, 3);
  EQUAL(owner_claim(other.public), 0); /* even a log that says so does not count */
  holder_reset();
  EQUAL(holder_access().owned, 2);
  EQUAL(holder_access().policy, 3);
}

void suite_compiled_owner(void)
{
  tap_test("an owner compiled in is there from the start and stays", an_owner_compiled_in_is_there_from_the_start);
}
#endif

/* As the chain in external flash says of a change (second_stage/chain.h). */
static void a_log_that_cannot_be_believed(void)
{
  const struct key authority = holder_key(1);
  holder_claimed_board();
  model.log_start = PORT_ERROR_CHAIN;
  const unsigned programs = model.log_programs;
  const struct boot_decision decision = peer_restart();
  EQUAL(decision.outcome, BOOT_STAY);
  EQUAL(decision.reason, REASON_LOG_BROKEN);
  EQUAL(peer_hello(0).result, 0);
  EQUAL(holder_access().owned, 3);
  EQUAL(holder_access().rights, 0);
  EQUAL(holder_access().policy, 0);
  EQUAL(holder_claim(&authority).result, ERROR_LOG_BROKEN);
  EQUAL(holder_policy(1).result, ERROR_LOG_BROKEN);
  EQUAL(peer_ask(REQUEST_RELEASE, NULL, 0).result, ERROR_LOG_BROKEN);
  EQUAL(peer_ask_address(REQUEST_SET_BOOT_ADDRESS, 0x90200000u).result, ERROR_LOG_BROKEN);
  EQUAL(peer_begin((struct range){ 0x90100000u, 4096 }).result, ERROR_LOG_BROKEN);
  EQUAL(holder_prove_rights(&authority, RIGHT_OWNER).result, ERROR_LOG_BROKEN);
  EQUAL(model.log_programs, programs);
  model.log_start = PORT_OK;
  (void)peer_restart();
  CHECK(owned_by(&authority));
}

void suite_owner(void)
{
  tap_test("a log that cannot be believed runs nothing and gives nobody a right", a_log_that_cannot_be_believed);
  tap_test("claiming writes key and record twice, as documented", claiming_writes_key_and_record_twice);
  tap_test("a board with an owner is given away by the right to, and by nothing else",
           a_board_with_an_owner_cannot_be_claimed);
  tap_test("keys that are no point, or read like a log word, are refused", only_usable_keys_are_taken);
  tap_test("a log without room for all of it changes nothing", a_log_without_room_changes_nothing);
  tap_test("a log that refuses its words changes nothing", a_log_that_refuses_changes_nothing);
  tap_test("a claim cut by power at each word has happened or not, and then no unreadable word undoes it",
           a_claim_cut_at_each_word_has_happened_or_not);
  tap_test("a policy lasts, and goes with its owner", a_policy_lasts_and_is_the_owners);
  tap_test("a policy cut at each word is the old or the new", a_policy_cut_at_each_word_is_the_old_or_the_new);
  tap_test("a release opens the board", a_release_opens_the_board);
  tap_test("a release cut off leaves the owner", a_release_cut_off_leaves_the_owner);
  tap_test("records that do not agree with their key are skipped", records_that_do_not_agree_are_skipped);
}
