/* Signed applications: docs/protocol.md, section 11.5. */
#include "signature.h"

#include <string.h>

#include "bytes.h"
#include "holder.h"
#include "model.h"
#include "peer.h"
#include "suites.h"
#include "tap.h"

#define AT 0x90100000u
#define SIZE 0x2000u
#define SLOTS_AT 0xFFE000u /* in the chip */
#define SLOT 128u

static uint8_t image[SIZE];

static void make_image(uint32_t address, uint8_t salt)
{
  struct random random = { 77u + salt };
  for (unsigned i = 0; i < SIZE; i += 1) {
    image[i] = (uint8_t)random_next(&random);
  }
  store_u32(image, 0x20020000u);
  store_u32(image + 4, address + 0x401u);
}

/* The payload of SIGNATURE, as the authority signs. */
static void sign(const struct key *authority, struct range range, const uint8_t *bytes, uint8_t payload[72])
{
  uint8_t message[10 + 8 + 32] = "IMFL-APP-1";
  store_u32(message + 10, range.address);
  store_u32(message + 14, range.length);
  model_sha256(bytes, range.length, message + 18);
  memcpy(payload, message + 10, 8);
  holder_sign(authority, message, sizeof message, payload + 8);
}

static struct reply send_signature(const struct key *authority, struct range range)
{
  uint8_t payload[72];
  sign(authority, range, image, payload);
  return peer_ask(REQUEST_SIGNATURE, payload, sizeof payload);
}

static void begin_and_write(uint32_t address)
{
  EQUAL(peer_begin((struct range){ address, SIZE }).result, 0);
  for (uint32_t at = 0; at < SIZE; at += 0x1000) {
    EQUAL(peer_erase(address + at, 0x1000).result, 0);
    EQUAL(peer_write(address + at, image + at, 0x1000).result, 0);
  }
}

/* A board of key 1 that wants signatures, with a session that has proven to be the owner. */
static struct key strict_board(void)
{
  const struct key authority = holder_key(1);
  holder_claimed_board();
  EQUAL(holder_prove_rights(&authority, RIGHT_OWNER).result, 0);
  EQUAL(holder_policy(POLICY_SIGNED).result, 0);
  return authority;
}

static void flash_signed(const struct key *authority, uint32_t address, uint8_t salt)
{
  make_image(address, salt);
  begin_and_write(address);
  EQUAL(send_signature(authority, (struct range){ address, SIZE }).result, 0);
  EQUAL(peer_commit((struct range){ address, SIZE }, image).result, 0);
}

/* What a restart would do now; the session is gone, and a new one that has proven to be the owner's is open. */
static struct boot_decision restart(const struct key *authority)
{
  const struct boot_decision decision = peer_restart();
  holder_reset();
  EQUAL(holder_prove_rights(authority, RIGHT_OWNER).result, 0);
  return decision;
}

static void expect_runs(const struct key *authority)
{
  const struct boot_decision decision = restart(authority);
  EQUAL(decision.outcome, BOOT_RUN_AFTER_WINDOW);
  EQUAL(decision.address, AT);
  EQUAL(peer_ask_address(REQUEST_BOOT, 0).result, 0);
  peer_run();
  CHECK(model.resets > 0);
  EQUAL(model.backup[PORT_BACKUP_REQUEST], BACKUP_RUN);
  EQUAL(peer_restart().outcome, BOOT_RUN);
  holder_reset();
  EQUAL(holder_prove_rights(authority, RIGHT_OWNER).result, 0);
}

static void expect_unsigned(const struct key *authority)
{
  const struct boot_decision decision = restart(authority);
  EQUAL(decision.outcome, BOOT_STAY);
  EQUAL(decision.reason, REASON_UNSIGNED);
  const unsigned resets = model.resets;
  const struct reply reply = peer_ask_address(REQUEST_BOOT, AT);
  EQUAL(reply.result, ERROR_BAD_SIGNATURE);
  EQUAL(reply.detail, AT);
  EQUAL(model.resets, resets);
  model.backup[PORT_BACKUP_REQUEST] = BACKUP_RUN; /* as a debugger or an application may ask */
  model.backup[PORT_BACKUP_ADDRESS] = AT;
  EQUAL(peer_restart().reason, REASON_UNSIGNED);
  model.host = false;
  EQUAL(peer_restart().reason, REASON_UNSIGNED);
  model.host = true;
  holder_reset();
  EQUAL(holder_prove_rights(authority, RIGHT_OWNER).result, 0);
}

static void only_signed_applications_run(void)
{
  const struct key authority = strict_board();
  make_image(AT, 0);
  begin_and_write(AT);
  EQUAL(peer_commit((struct range){ AT, SIZE }, image).result, 0); /* not refused without one */
  expect_unsigned(&authority);
  flash_signed(&authority, AT, 1);
  expect_runs(&authority);
  EQUAL(holder_policy(0).result, 0);
  make_image(AT, 2);
  begin_and_write(AT);
  EQUAL(peer_commit((struct range){ AT, SIZE }, image).result, 0);
  expect_runs(&authority);
  EQUAL(holder_policy(POLICY_SIGNED).result, 0);
  expect_unsigned(&authority);
}

static void a_changed_byte_stops_it(void)
{
  static const uint32_t places[] = { 0, 1, 4, 0x3FF, 0x1000, SIZE - 1u };
  const struct key authority = strict_board();
  flash_signed(&authority, AT, 1);
  expect_runs(&authority);
  for (unsigned i = 0; i < sizeof places / sizeof places[0]; i += 1) {
    for (unsigned bit = 0; bit < 8; bit += 7) {
      model_flash[0x100000u + places[i]] ^= (uint8_t)(1u << bit);
      const struct boot_decision decision = peer_restart();
      CHECK(decision.outcome == BOOT_STAY &&
            (decision.reason == REASON_UNSIGNED || (places[i] <= 4 && decision.reason == REASON_NOT_BOOTABLE)));
      model_flash[0x100000u + places[i]] ^= (uint8_t)(1u << bit);
    }
  }
  model_flash[0x100000u + SIZE] ^= 1; /* behind what was signed */
  holder_reset();
  EQUAL(holder_prove_rights(&authority, RIGHT_OWNER).result, 0);
  expect_runs(&authority);
  for (unsigned i = 0; i < SLOT; i += 1) {
    model_flash[SLOTS_AT + i] ^= 0x10;
    EQUAL(peer_restart().reason, REASON_UNSIGNED);
    model_flash[SLOTS_AT + i] ^= 0x10;
  }
}

static void signatures_that_do_not_fit_are_refused(void)
{
  const struct key authority = strict_board();
  const struct key other = holder_key(2);
  const struct range range = { AT, SIZE };
  uint8_t payload[72];
  make_image(AT, 1);
  EQUAL(send_signature(&authority, range).result, ERROR_NOT_BEGUN);
  begin_and_write(AT);
  const unsigned programs = model.programs;
  EQUAL(send_signature(&other, range).result, ERROR_BAD_SIGNATURE);
  EQUAL(send_signature(&authority, (struct range){ AT + 0x1000, 0x1000 }).result, ERROR_BAD_SIGNATURE);
  sign(&authority, (struct range){ AT + 0x2000, SIZE }, image, payload);
  store_u32(payload, AT); /* signed for another address */
  const struct reply reply = peer_ask(REQUEST_SIGNATURE, payload, sizeof payload);
  EQUAL(reply.result, ERROR_BAD_SIGNATURE);
  EQUAL(reply.detail, AT);
  for (unsigned i = 8; i < 72; i += 1) {
    sign(&authority, range, image, payload);
    payload[i] ^= (uint8_t)(1u << i % 8u);
    EQUAL(peer_ask(REQUEST_SIGNATURE, payload, sizeof payload).result, ERROR_BAD_SIGNATURE);
  }
  static const struct {
    struct range range;
    uint16_t result;
  } ranges[] = { { { AT, 7 }, ERROR_BAD_REQUEST },       { { AT, 0 }, ERROR_BAD_REQUEST },
                 { { AT - 8, 16 }, ERROR_RANGE },        { { AT, 0xF00000 }, ERROR_RANGE },
                 { { AT, 0xFFFFFFFF }, ERROR_RANGE },    { { 0x90FFC000, 8 }, ERROR_RANGE },
                 { { 0xFFFFFFF8, 16 }, ERROR_RANGE },    { { 0x08000000, 16 }, ERROR_RANGE } };
  for (unsigned i = 0; i < sizeof ranges / sizeof ranges[0]; i += 1) {
    sign(&authority, (struct range){ AT, 8 }, image, payload);
    store_u32(payload, ranges[i].range.address);
    store_u32(payload + 4, ranges[i].range.length);
    EQUAL(peer_ask(REQUEST_SIGNATURE, payload, sizeof payload).result, ranges[i].result);
  }
  EQUAL(model.programs, programs);
  EQUAL(send_signature(&authority, range).result, 0);
  EQUAL(model.programs, programs + 1u);
  EQUAL(send_signature(&authority, range).result, 0); /* the one that counts already */
  EQUAL(model.programs, programs + 1u);
}

static void the_entry_must_be_signed(void)
{
  const struct key authority = strict_board();
  make_image(AT, 1);
  begin_and_write(AT);
  EQUAL(send_signature(&authority, (struct range){ AT, 0x400 }).result, 0); /* the reset vector points to its end */
  EQUAL(peer_commit((struct range){ AT, SIZE }, image).result, 0);
  expect_unsigned(&authority);
}

static void only_the_owners_signature_counts(void)
{
  const struct key authority = strict_board();
  const struct key other = holder_key(2);
  flash_signed(&authority, AT, 1);
  EQUAL(holder_claim(&other).result, 0);
  EQUAL(holder_prove_rights(&other, RIGHT_OWNER).result, 0);
  EQUAL(holder_policy(POLICY_SIGNED).result, 0);
  expect_unsigned(&other);
}

static void slots_have_the_documented_bytes(void)
{
  const struct key authority = strict_board();
  uint8_t slot[SLOT] = { 'S', 'I', 'G', '1' };
  flash_signed(&authority, AT, 1);
  sign(&authority, (struct range){ AT, SIZE }, image, slot + 4);
  store_u32(slot + 124, port_crc32(slot, 124));
  CHECK(memcmp(model_flash + SLOTS_AT, slot, SLOT) == 0);
  CHECK(model_flash[SLOTS_AT + SLOT] == 0xFF);
}

/* A signature of image `salt` at its own address, by the core alone. */
static int store(uint32_t address, uint8_t salt)
{
  struct signature signature = { .range = { address, SIZE } };
  memset(signature.bytes, salt, sizeof signature.bytes);
  int result = signature_store(&signature);
  while (result == PORT_BUSY && !model.off) {
    result = signature_store_step();
  }
  return result;
}

/* The last valid slot of `address` in the chip, read another way: its first signature byte, or -1. */
static int stored(uint32_t address)
{
  int found = -1;
  for (unsigned i = 0; i < 32; i += 1) {
    const uint8_t *slot = model_flash + SLOTS_AT + i * SLOT;
    if (load_u32(slot) == 0x31474953u && load_u32(slot + 4) == address &&
        port_crc32(slot, 124) == load_u32(slot + 124)) {
      found = slot[12];
    }
  }
  return found;
}

static void a_full_sector_keeps_what_counts(void)
{
  strict_board();
  for (unsigned i = 0; i < 200; i += 1) {
    EQUAL(store(AT + 0x10000u * (i % 10u), (uint8_t)i), PORT_OK);
    for (unsigned back = 0; back < 10 && back <= i; back += 1) {
      EQUAL(stored(AT + 0x10000u * ((i - back) % 10u)), i - back);
    }
  }
  CHECK(model.erases > 5 && model.erases < 12);
  for (unsigned i = 0; i < 200; i += 1) { /* more addresses than are kept: the oldest go */
    EQUAL(store(AT + 0x10000u * i, (uint8_t)i), PORT_OK);
    for (unsigned back = 0; back < 16 && back <= i; back += 1) {
      EQUAL(stored(AT + 0x10000u * (i - back)), i - back);
    }
  }
}

static void a_cut_store_never_makes_a_wrong_slot(void)
{
  for (unsigned torn = 0; torn < TORN_WAYS; torn += 1) {
    for (unsigned filled = 0; filled <= 32; filled += 8) {
      for (unsigned n = 1; n < 20; n += 1) {
        model_new();
        peer_open();
        for (unsigned i = 0; i < filled; i += 1) {
          EQUAL(store(AT + 0x10000u * (i % 3u), (uint8_t)i), PORT_OK);
        }
        model.cut_at = model.operations + n;
        model.torn = (enum model_torn)torn;
        model.torn_seed = n;
        (void)store(AT, 200);
        const bool was_cut = model.off;
        model_power_cycle();
        peer_restart();
        for (unsigned a = 0; a < 3; a += 1) {
          const int found = stored(AT + 0x10000u * a);
          const bool known = found == -1 || (a == 0 && found == 200) || (found % 3 == (int)a && found < (int)filled);
          CHECK(known && (filled == 32 || filled == 0 || found != -1));
        }
        EQUAL(store(AT, 201), PORT_OK);
        EQUAL(stored(AT), 201);
        if (!was_cut) {
          break;
        }
      }
    }
  }
}

/* As after a power cut while the signature of another application was stored. */
static void a_sector_that_reads_differently_for_a_while_costs_nothing(void)
{
  const struct key authority = strict_board();
  flash_signed(&authority, AT, 1);
  for (uint8_t reads = 1; reads < 7; reads += 1) {
    model_set_noisy(SLOTS_AT, 0x1000, reads);
    EQUAL(restart(&authority).outcome, BOOT_RUN_AFTER_WINDOW);
  }
}

static void a_session_that_ends_keeps_what_is_under_way(void)
{
  const struct key authority = strict_board();
  uint8_t payload[72];
  for (unsigned i = 0; i < 32; i += 1) {
    EQUAL(store(AT + 0x10000u * (i % 8u + 1u), (uint8_t)i), PORT_OK);
  }
  make_image(AT, 1);
  begin_and_write(AT);
  sign(&authority, (struct range){ AT, SIZE }, image, payload);
  peer_post(REQUEST_SIGNATURE, payload, sizeof payload);
  for (unsigned i = 0; i < 100 && model.erases < 3; i += 1) {
    peer_poll_once();
  }
  EQUAL(model.erases, 3);
  model.generation += 1; /* the cable, say */
  peer_run();
  for (unsigned i = 24; i < 32; i += 1) {
    EQUAL(stored(AT + 0x10000u * (i % 8u + 1u)), i);
  }
}

void suite_signature(void)
{
  tap_test("under the policy only signed applications run, whoever asks", only_signed_applications_run);
  tap_test("a changed byte in flash or in the stored signature stops an application", a_changed_byte_stops_it);
  tap_test("signatures that do not fit bytes, address, length or owner are refused and not stored",
           signatures_that_do_not_fit_are_refused);
  tap_test("the reset vector must lie inside what was signed", the_entry_must_be_signed);
  tap_test("a new owner does not run what the old one signed", only_the_owners_signature_counts);
  tap_test("slots have the documented bytes", slots_have_the_documented_bytes);
  tap_test("a full sector is erased, and what counts written again", a_full_sector_keeps_what_counts);
  tap_test("a power cut at each operation of storing leaves old slots, the new one or none",
           a_cut_store_never_makes_a_wrong_slot);
  tap_test("signatures that read differently for a while still count",
           a_sector_that_reads_differently_for_a_while_costs_nothing);
  tap_test("a session that ends while the sector is rewritten loses no other signature",
           a_session_that_ends_keeps_what_is_under_way);
}
