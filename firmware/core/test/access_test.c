/* Who may what: docs/protocol.md, section 11, and the attacks that must not succeed. */
#include <string.h>

#include "bytes.h"
#include "holder.h"
#include "model.h"
#include "peer.h"
#include "suites.h"
#include "tap.h"

#define AT 0x90100000u
#define DAY_MS 86400000u

/* --- nothing has changed ------------------------------------------------------------------------------------ */

static uint8_t flash_before[MODEL_FLASH_SIZE];
static uint8_t log_before[PORT_LOG_WORDS][PORT_LOG_WORD_SIZE];
static struct model model_before;

static void remember(void)
{
  memcpy(flash_before, model_flash, sizeof flash_before);
  memcpy(log_before, model_log, sizeof log_before);
  model_before = model;
}

static bool unchanged(void)
{
  return model.erases == model_before.erases && model.programs == model_before.programs &&
         model.log_programs == model_before.log_programs && model.resets == model_before.resets &&
         model.rdp == model_before.rdp && memcmp(model.status, model_before.status, 3) == 0 &&
         memcmp(flash_before, model_flash, sizeof flash_before) == 0 &&
         memcmp(log_before, model_log, sizeof log_before) == 0;
}

/* --- the table of section 11.4, written a second time --------------------------------------------------------- */

struct wish {
  uint8_t type;
  uint16_t size;        /* of a payload that its handler gets to see */
  const char *rights; /* f, r, e, b, c; o always may */
  bool open;            /* needs no proof at all */
};

static const struct wish wishes[] = {
  { REQUEST_INFO, 0, "", true },
  { REQUEST_GEOMETRY, 0, "", true },
  { REQUEST_STATUS, 0, "", true },
  { REQUEST_ACCESS, 0, "", true },
  { REQUEST_CHALLENGE, 0, "", true },
  { REQUEST_PROVE, PROVE_SIZE, "", true },
  { REQUEST_BEGIN, 9, "fe", false },
  { REQUEST_ERASE, 8, "fe", false },
  { REQUEST_WRITE, 5, "f", false },
  { REQUEST_COMMIT, 41, "fe", false },
  { REQUEST_SIGNATURE, 72, "f", false },
  { REQUEST_KEEP, 7, "f", false },
  { REQUEST_UNPROTECT, 0, "f", false },
  { REQUEST_HASH, 13, "fer", false },
  { REQUEST_VERIFY, 40, "fr", false },
  { REQUEST_READ, 6, "r", false },
  { REQUEST_BOOT, 4, "b", false },
  { REQUEST_RESET, 0, "b", false },
  { REQUEST_SET_BOOT_ADDRESS, 4, "b", false },
  { REQUEST_GET_BOOT_ADDRESS, 0, "b", false },
  { REQUEST_CLAIM, 32, "c", false },
  { REQUEST_RELEASE, 0, "", false },
  { REQUEST_POLICY, 1, "", false },
  { REQUEST_PROTECT, 1, "", false },
  { REQUEST_STAGE, 5, "", false },
  { REQUEST_UPDATE, 37, "", false },
};

#define WISHES (sizeof wishes / sizeof wishes[0])

static const char letters[] = "frebco";

static bool may(const struct wish *wish, uint8_t rights)
{
  bool found = wish->open || (rights & 32u) != 0;
  for (const char *letter = wish->rights; *letter != '\0'; letter += 1) {
    found = found || ((unsigned)rights >> (strchr(letters, *letter) - letters) & 1u) != 0;
  }
  return found;
}

/* The detail of DENIED. */
static uint32_t needed(const struct wish *wish)
{
  uint32_t bits = 0;
  for (const char *letter = wish->rights; *letter != '\0'; letter += 1) {
    bits |= 1u << (strchr(letters, *letter) - letters);
  }
  return bits == 0 ? 32u : bits;
}

/* A payload that does something where it may: count 1 and an address, or a level. */
static struct reply ask(const struct wish *wish)
{
  uint8_t payload[PROVE_SIZE] = { 0 };
  const struct key other = holder_key(2);
  const bool counted = wish->type == REQUEST_BEGIN || wish->type == REQUEST_COMMIT;
  if (wish->size >= 4) {
    store_u32(payload + counted, AT);
    payload[counted + 5u] = 0x10; /* length 0x1000, where there is one */
  }
  payload[0] |= counted;
  if (wish->type == REQUEST_PROTECT || wish->type == REQUEST_POLICY) {
    payload[0] = 1;
  }
  if (wish->type == REQUEST_CLAIM) {
    memcpy(payload, other.public, 32);
  }
  return peer_ask(wish->type, payload, wish->size);
}

static void every_protected_request_without_proof(void)
{
  holder_claimed_board();
  remember();
  for (unsigned i = 0; i < WISHES; i += 1) {
    const struct wish *wish = &wishes[i];
    const struct reply reply = ask(wish);
    if (wish->type == REQUEST_CLAIM) {
      EQUAL(reply.result, ERROR_CLAIMED);
    } else if (wish->type == REQUEST_PROVE) {
      EQUAL(reply.result, ERROR_BAD_CERT);
    } else if (wish->open) {
      EQUAL(reply.result, 0);
    } else {
      EQUAL(reply.result, ERROR_DENIED);
      EQUAL(reply.detail, needed(wish));
    }
  }
  CHECK(unchanged());
}

static void no_type_is_forgotten(void)
{
  const uint8_t payload[PROVE_SIZE] = { 0 };
  holder_claimed_board();
  remember();
  for (unsigned type = 2; type < 0x80; type += 1) {
    bool listed = false;
    for (unsigned i = 0; i < WISHES; i += 1) {
      listed = listed || wishes[i].type == type;
    }
    for (size_t size = 0; !listed && size <= sizeof payload; size += 1) {
      if (!EQUAL(peer_ask((uint8_t)type, payload, size).result, ERROR_BAD_REQUEST)) {
        tap_note("type 0x%02x with %u bytes", type, (unsigned)size);
      }
    }
  }
  CHECK(unchanged());
}

static void each_right_opens_its_requests_and_no_others(void)
{
  const struct key authority = holder_key(1);
  for (unsigned bit = 0; bit < 6; bit += 1) {
    for (unsigned i = 0; i < WISHES; i += 1) {
      const struct wish *wish = &wishes[i];
      const uint8_t rights = (uint8_t)(1u << bit);
      holder_claimed_board();
      const struct reply proof = holder_prove_rights(&authority, rights);
      EQUAL(proof.result, 0);
      EQUAL(proof.payload[2], rights == 32 ? 63 : rights);
      model_before = model;
      memcpy(log_before, model_log, sizeof log_before);
      const struct reply reply = ask(wish);
      const bool refused = reply.result == ERROR_DENIED || reply.result == ERROR_CLAIMED;
      if (!EQUAL(refused, !may(wish, rights))) {
        tap_note("right %c, request 0x%02x: 0x%04x", letters[bit], wish->type, reply.result);
      }
      if (refused) {
        CHECK(model.programs == model_before.programs && model.log_programs == model_before.log_programs);
      }
    }
  }
}

static void an_open_board_allows_everything(void)
{
  const uint8_t none[32] = { 0 };
  model_new();
  peer_open();
  const struct access_facts facts = holder_access();
  EQUAL(facts.owned, 0);
  EQUAL(facts.rights, 63);
  EQUAL(facts.policy, 0);
  CHECK(memcmp(facts.owner, none, 32) == 0);
  for (unsigned i = 0; i < WISHES; i += 1) {
    model_new();
    peer_open();
    const uint16_t result = ask(&wishes[i]).result;
    const uint8_t type = wishes[i].type;
    const bool for_owners = type == REQUEST_RELEASE || type == REQUEST_POLICY || type == REQUEST_SIGNATURE ||
                            type == REQUEST_PROVE;
    CHECK(result != ERROR_DENIED);
    EQUAL(result == ERROR_NOT_CLAIMED, for_owners);
  }
}

/* --- proofs ------------------------------------------------------------------------------------------------- */

static void make_certificate(uint8_t certificate[CERTIFICATE_SIZE], uint8_t rights)
{
  const struct key authority = holder_key(1);
  const struct key holder = holder_key(9);
  const struct terms terms = holder_terms(rights, &holder);
  holder_certificate(&authority, &terms, certificate);
}

/* Everything is refused with `code`, and the session may nothing. */
static void expect_refused(struct reply reply, uint16_t code)
{
  EQUAL(reply.result, code);
  EQUAL(holder_access().rights, 0);
}

static void a_proof_serves_once(void)
{
  const struct key holder = holder_key(9);
  uint8_t certificate[CERTIFICATE_SIZE];
  uint8_t payload[PROVE_SIZE];
  holder_claimed_board();
  remember();
  make_certificate(certificate, RIGHT_FLASH);
  const struct challenge challenge = holder_challenge();
  holder_proof(&holder, &challenge, certificate, payload);
  EQUAL(peer_ask(REQUEST_PROVE, payload, sizeof payload).result, 0);
  EQUAL(holder_access().rights, RIGHT_FLASH);
  EQUAL(peer_ask(REQUEST_PROVE, payload, sizeof payload).result, ERROR_BAD_PROOF);
  EQUAL(holder_access().rights, RIGHT_FLASH); /* of the proof before; an error changes nothing */

  EQUAL(peer_hello(7).result, 0);
  expect_refused(peer_ask(REQUEST_PROVE, payload, sizeof payload), ERROR_BAD_PROOF);
  model.millis += holder_access().wait;
  EQUAL(holder_challenge().session, challenge.session + 1u);
  expect_refused(peer_ask(REQUEST_PROVE, payload, sizeof payload), ERROR_BAD_PROOF);

  holder_reset();
  expect_refused(peer_ask(REQUEST_PROVE, payload, sizeof payload), ERROR_BAD_PROOF);
  model.millis += holder_access().wait;
  EQUAL(holder_challenge().session, challenge.session); /* the count begins anew, the nonce is another */
  expect_refused(peer_ask(REQUEST_PROVE, payload, sizeof payload), ERROR_BAD_PROOF);
  CHECK(unchanged());
}

static void a_new_challenge_or_session_voids_the_one_before(void)
{
  const struct key holder = holder_key(9);
  uint8_t certificate[CERTIFICATE_SIZE];
  uint8_t payload[PROVE_SIZE];
  for (unsigned way = 0; way < 4; way += 1) {
    holder_claimed_board();
    make_certificate(certificate, RIGHT_FLASH);
    const struct challenge challenge = holder_challenge();
    holder_proof(&holder, &challenge, certificate, payload);
    if (way == 0) {
      (void)holder_challenge();
    } else if (way == 1) {
      EQUAL(peer_hello(9).result, 0);
    } else if (way == 2) {
      model.generation += 1; /* USB reset, or DTR dropped */
      EQUAL(peer_hello(9).result, 0);
    } else {
      holder_reset();
    }
    expect_refused(peer_ask(REQUEST_PROVE, payload, sizeof payload), ERROR_BAD_PROOF);
  }
}

static void rights_end_with_the_session(void)
{
  const struct key authority = holder_key(1);
  for (unsigned way = 0; way < 3; way += 1) {
    holder_claimed_board();
    EQUAL(holder_prove_rights(&authority, RIGHT_OWNER).result, 0);
    EQUAL(holder_access().rights, 63);
    if (way == 0) {
      EQUAL(peer_hello(9).result, 0);
    } else if (way == 1) {
      model.generation += 1;
      EQUAL(peer_hello(9).result, 0);
    } else {
      holder_reset();
    }
    EQUAL(holder_access().rights, 0);
    EQUAL(peer_ask(REQUEST_RELEASE, NULL, 0).result, ERROR_DENIED);
  }
}

static void a_session_that_ends_during_a_proof_proves_nothing(void)
{
  const struct key holder = holder_key(9);
  uint8_t certificate[CERTIFICATE_SIZE];
  uint8_t payload[PROVE_SIZE];
  struct reply reply;
  holder_claimed_board();
  make_certificate(certificate, RIGHT_FLASH);
  const struct challenge challenge = holder_challenge();
  holder_proof(&holder, &challenge, certificate, payload);
  peer_post(REQUEST_PROVE, payload, sizeof payload);
  peer_poll_once(); /* the certificate has been looked at, the proof not yet */
  model.generation += 1;
  peer_run();
  EQUAL(peer_receive(&reply), false);
  EQUAL(peer_hello(50).result, 0);
  EQUAL(holder_access().rights, 0);
  CHECK(holder_access().wait > 0); /* and it was counted as a failure */
}

static void every_changed_bit_is_noticed(void)
{
  const struct key holder = holder_key(9);
  uint8_t certificate[CERTIFICATE_SIZE];
  uint8_t payload[PROVE_SIZE];
  holder_claimed_board();
  remember();
  make_certificate(certificate, RIGHT_FLASH | RIGHT_READ);
  for (unsigned i = 0; i < PROVE_SIZE; i += 1) {
    uint8_t changed[CERTIFICATE_SIZE];
    memcpy(changed, certificate, sizeof changed);
    if (i < CERTIFICATE_SIZE) {
      changed[i] ^= (uint8_t)(1u << i % 8u);
    }
    model.millis += holder_access().wait;
    const struct challenge challenge = holder_challenge();
    holder_proof(&holder, &challenge, changed, payload); /* the holder means it */
    if (i >= CERTIFICATE_SIZE) {
      payload[i] ^= (uint8_t)(1u << i % 8u);
    }
    expect_refused(peer_ask(REQUEST_PROVE, payload, sizeof payload),
                   i < CERTIFICATE_SIZE ? ERROR_BAD_CERT : ERROR_BAD_PROOF);
  }
  CHECK(unchanged());
}

static void only_this_boards_owner_and_id_count(void)
{
  const struct key authority = holder_key(1);
  const struct key other = holder_key(2);
  const struct key holder = holder_key(9);
  uint8_t certificate[CERTIFICATE_SIZE];
  uint8_t payload[PROVE_SIZE];
  holder_claimed_board();
  remember();
  struct terms terms = holder_terms(RIGHT_FLASH, &holder);
  holder_certificate(&other, &terms, certificate);
  expect_refused(holder_prove(&holder, certificate), ERROR_BAD_CERT);
  holder_certificate(&holder, &terms, certificate);
  expect_refused(holder_prove(&holder, certificate), ERROR_BAD_CERT);
  terms.version = 2;
  holder_certificate(&authority, &terms, certificate);
  expect_refused(holder_prove(&holder, certificate), ERROR_BAD_CERT);
  terms.version = 1;
  terms.board[11] ^= 1;
  holder_certificate(&authority, &terms, certificate);
  expect_refused(holder_prove(&holder, certificate), ERROR_WRONG_BOARD);

  /* A proof that was made for another board with the same nonce and session. */
  make_certificate(certificate, RIGHT_FLASH);
  model.millis += DAY_MS;
  const struct challenge challenge = holder_challenge();
  model.other_chip = true;
  holder_proof(&holder, &challenge, certificate, payload);
  model.other_chip = false;
  expect_refused(peer_ask(REQUEST_PROVE, payload, sizeof payload), ERROR_BAD_PROOF);
  model.millis += DAY_MS;
  expect_refused(holder_prove(&other, certificate), ERROR_BAD_PROOF);
  CHECK(unchanged());
}

static void the_owner_bit_counts_with_the_owners_key_alone(void)
{
  const struct key authority = holder_key(1);
  uint8_t certificate[CERTIFICATE_SIZE];
  holder_claimed_board();
  make_certificate(certificate, 0xFF);
  const struct key holder = holder_key(9);
  EQUAL(holder_prove(&holder, certificate).payload[2], 31);
  EQUAL(peer_ask(REQUEST_RELEASE, NULL, 0).result, ERROR_DENIED);
  const struct terms terms = holder_terms(RIGHT_READ, &authority);
  holder_certificate(&authority, &terms, certificate);
  EQUAL(holder_prove(&authority, certificate).payload[2], RIGHT_READ); /* and replaces what was proven before */
  EQUAL(holder_access().rights, RIGHT_READ);
}

static void certificates_for_any_board_as_the_policy_says(void)
{
  const struct key authority = holder_key(1);
  const struct key holder = holder_key(9);
  uint8_t certificate[CERTIFICATE_SIZE];
  holder_claimed_board();
  struct terms terms = holder_terms(RIGHT_FLASH, &holder);
  memset(terms.board, 0xFF, sizeof terms.board);
  holder_certificate(&authority, &terms, certificate);
  EQUAL(holder_prove(&holder, certificate).result, 0);
  EQUAL(holder_prove_rights(&authority, RIGHT_OWNER).result, 0);
  EQUAL(holder_policy(POLICY_OWN).result, 0);
  EQUAL(peer_hello(3).result, 0);
  remember();
  expect_refused(holder_prove(&holder, certificate), ERROR_WRONG_BOARD);
  CHECK(unchanged());
  EQUAL(holder_prove_rights(&authority, RIGHT_FLASH).result, 0);
}

static void lengths_are_exact(void)
{
  static const struct {
    uint8_t type;
    uint16_t size;
  } kinds[] = { { REQUEST_ACCESS, 0 }, { REQUEST_CHALLENGE, 0 }, { REQUEST_PROVE, PROVE_SIZE }, { REQUEST_CLAIM, 32 },
                { REQUEST_RELEASE, 0 }, { REQUEST_POLICY, 1 }, { REQUEST_SIGNATURE, 72 }, { REQUEST_PROTECT, 1 } };
  const uint8_t payload[4112] = { 1 };
  const struct key authority = holder_key(1);
  for (unsigned proven = 0; proven < 2; proven += 1) {
    holder_claimed_board();
    if (proven == 1) {
      EQUAL(holder_prove_rights(&authority, RIGHT_OWNER).result, 0);
    }
    const struct challenge challenge = holder_challenge();
    remember();
    for (unsigned k = 0; k < sizeof kinds / sizeof kinds[0]; k += 1) {
      for (unsigned size = 0; size <= 300; size += 1) {
        if (size != kinds[k].size) {
          EQUAL(peer_ask(kinds[k].type, payload, size).result, ERROR_BAD_REQUEST);
        }
      }
      EQUAL(peer_ask(kinds[k].type, payload, sizeof payload).result, ERROR_BAD_REQUEST);
    }
    CHECK(unchanged());
    EQUAL(holder_access().wait, 0); /* what is no PROVE does not count as one that failed */
    uint8_t certificate[CERTIFICATE_SIZE];
    uint8_t proof[PROVE_SIZE];
    const struct key holder = holder_key(9);
    make_certificate(certificate, RIGHT_FLASH);
    holder_proof(&holder, &challenge, certificate, proof);
    EQUAL(peer_ask(REQUEST_PROVE, proof, sizeof proof).result, 0); /* nor spends the challenge */
  }
}

/* --- slowing down --------------------------------------------------------------------------------------------- */

static uint32_t fail_once(void)
{
  const uint8_t payload[PROVE_SIZE] = { 1 };
  const uint16_t result = peer_ask(REQUEST_PROVE, payload, sizeof payload).result;
  CHECK(result == ERROR_BAD_PROOF || result == ERROR_BAD_CERT); /* without a challenge, or with one */
  return holder_access().wait;
}

static void failed_proofs_are_slowed_down(void)
{
  const struct key authority = holder_key(1);
  static const uint32_t seconds[] = { 1, 2, 4, 8, 16, 32, 64, 64, 64 };
  holder_claimed_board();
  for (unsigned i = 0; i < sizeof seconds / sizeof seconds[0]; i += 1) {
    EQUAL(fail_once(), seconds[i] * 1000u);
    const struct reply reply = peer_ask(REQUEST_CHALLENGE, NULL, 0);
    EQUAL(reply.result, ERROR_WAIT);
    EQUAL(reply.detail, seconds[i] * 1000u);
    model.millis += seconds[i] * 1000u - 1u;
    EQUAL(peer_ask(REQUEST_CHALLENGE, NULL, 0).detail, 1);
    model.millis += 1;
    (void)holder_challenge();
  }
  for (unsigned i = 0; i < 300; i += 1) {
    EQUAL(fail_once(), 64000);
  }
  EQUAL(holder_prove_rights(&authority, RIGHT_READ).result, 0);
  EQUAL(fail_once(), 1000);
}

static void a_reset_does_not_shorten_the_wait(void)
{
  const struct key authority = holder_key(1);
  holder_claimed_board();
  (void)fail_once();
  (void)fail_once();
  EQUAL(fail_once(), 4000);
  model.millis += 3000;
  holder_reset();
  EQUAL(holder_access().wait, 4000);
  EQUAL(peer_hello(3).result, 0);
  EQUAL(holder_access().wait, 4000);
  EQUAL(holder_prove_rights(&authority, RIGHT_READ).result, 0);
  holder_reset();
  EQUAL(holder_access().wait, 0);
  model.backup[PORT_BACKUP_FAILURES] = 0xDEADBE07u; /* somebody else's value */
  holder_reset();
  EQUAL(holder_access().wait, 0);
}

static void a_sick_random_generator_gives_no_challenge(void)
{
  const uint8_t payload[PROVE_SIZE] = { 1 };
  holder_claimed_board();
  model.random_fault = 0x44;
  const struct reply reply = peer_ask(REQUEST_CHALLENGE, NULL, 0);
  EQUAL(reply.result, ERROR_RNG_FAILED);
  EQUAL(reply.detail, 0x44);
  EQUAL(peer_ask(REQUEST_PROVE, payload, sizeof payload).result, ERROR_BAD_PROOF);
}

static void nonces_differ(void)
{
  holder_claimed_board();
  const struct challenge first = holder_challenge();
  const struct challenge second = holder_challenge();
  EQUAL(first.session, 1);
  EQUAL(second.session, 2);
  CHECK(memcmp(first.nonce, second.nonce, 32) != 0);
}

static void read_out_protection_goes_up_once(void)
{
  const struct key authority = holder_key(1);
  static const struct {
    uint8_t from;
    uint8_t to;
    uint16_t result;
  } steps[] = { { 0, 0, 0 }, { 0, 1, 0 }, { 0, 2, ERROR_PROTECTION }, { 0, 3, ERROR_BAD_REQUEST },
                { 1, 0, ERROR_PROTECTION }, { 1, 1, 0 }, { 1, 2, ERROR_PROTECTION }, { 2, 1, ERROR_PROTECTION },
                { 2, 2, 0 }, { 2, 0xFF, ERROR_BAD_REQUEST } };
  holder_claimed_board();
  EQUAL(holder_prove_rights(&authority, RIGHT_OWNER).result, 0);
  for (unsigned i = 0; i < sizeof steps / sizeof steps[0]; i += 1) {
    model.rdp = steps[i].from;
    const struct reply reply = peer_ask(REQUEST_PROTECT, &steps[i].to, 1);
    EQUAL(reply.result, steps[i].result);
    EQUAL(model.rdp, reply.result == 0 ? steps[i].to : steps[i].from);
    EQUAL(holder_access().rdp, model.rdp);
    if (reply.result == ERROR_PROTECTION) {
      EQUAL(reply.detail, steps[i].from);
    }
  }
  const uint8_t one = 1;
  model.rdp = 0;
  model.option_refuses = true;
  EQUAL(peer_ask(REQUEST_PROTECT, &one, 1).result, ERROR_PROTECTION);
}

void suite_access(void)
{
  tap_test("an open board allows everything", an_open_board_allows_everything);
  tap_test("every protected request without a proof is refused and changes nothing",
           every_protected_request_without_proof);
  tap_test("no request type but those of the table does anything", no_type_is_forgotten);
  tap_test("each right opens its requests and no others", each_right_opens_its_requests_and_no_others);
  tap_test("a proof serves once: not again in its session, in the next, or after a reset", a_proof_serves_once);
  tap_test("a new challenge, HELLO, USB reset or reset voids the challenge before",
           a_new_challenge_or_session_voids_the_one_before);
  tap_test("rights end with the session", rights_end_with_the_session);
  tap_test("a session that ends during a proof proves nothing", a_session_that_ends_during_a_proof_proves_nothing);
  tap_test("a changed bit in any byte of certificate or proof is noticed", every_changed_bit_is_noticed);
  tap_test("another authority, version, board or holder is refused", only_this_boards_owner_and_id_count);
  tap_test("the owner's bit counts with the owner's key alone", the_owner_bit_counts_with_the_owners_key_alone);
  tap_test("certificates for any board are refused where the policy says so",
           certificates_for_any_board_as_the_policy_says);
  tap_test("requests that are too short or too long are refused at each stage", lengths_are_exact);
  tap_test("failed proofs are slowed down", failed_proofs_are_slowed_down);
  tap_test("a reset does not shorten the wait", a_reset_does_not_shorten_the_wait);
  tap_test("a random number generator that fails its tests gives no challenge",
           a_sick_random_generator_gives_no_challenge);
  tap_test("no two challenges are the same", nonces_differ);
  tap_test("read-out protection is set to level 1 and nothing else", read_out_protection_goes_up_once);
}
