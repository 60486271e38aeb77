/* What the requests do when all goes well. */
#include <string.h>

#include "bootloader.h"
#include "bytes.h"
#include "model.h"
#include "peer.h"
#include "suites.h"
#include "tap.h"

#define AT 0x90100000u
#define OFFSET 0x100000u

static void fresh(void)
{
  model_new();
  peer_open();
}

static void erase_and_write_touch_only_their_bytes(void)
{
  struct random random = { tap_seed() };
  static uint8_t expected[0x40000];
  uint8_t data[PROTOCOL_DATA_MAX];
  fresh();
  for (unsigned i = 0; i < sizeof expected; i += 1) {
    model_flash[OFFSET + i] = (uint8_t)random_next(&random);
  }
  EQUAL(peer_begin((struct range){ AT, sizeof expected }).result, 0);
  static const uint32_t units[][2] = { { 0x0000, 0x1000 }, { 0x8000, 0x8000 }, { 0x10000, 0x10000 } };
  memcpy(expected, model_flash + OFFSET, sizeof expected);
  for (unsigned i = 0; i < 3; i += 1) {
    EQUAL(peer_erase(AT + units[i][0], units[i][1]).result, 0);
    memset(expected + units[i][0], 0xFF, units[i][1]);
  }
  for (uint32_t at = 0x8000; at < 0x1F000;) {
    const uint32_t size = 1u + random_below(&random, PROTOCOL_DATA_MAX);
    for (uint32_t i = 0; i < size; i += 1) {
      data[i] = (uint8_t)random_next(&random);
    }
    EQUAL(peer_write(AT + at, data, size).result, 0);
    memcpy(expected + at, data, size);
    at += size + random_below(&random, 500);
  }
  CHECK(memcmp(expected, model_flash + OFFSET, sizeof expected) == 0);
}

static void pages_of_ones_are_skipped(void)
{
  uint8_t data[PROTOCOL_DATA_MAX];
  fresh();
  EQUAL(peer_begin((struct range){ AT, 0x1000 }).result, 0);
  memset(data, 0xFF, sizeof data);
  const unsigned programs = model.programs;
  EQUAL(peer_write(AT, data, sizeof data).result, 0);
  EQUAL(model.programs, programs);
  data[700] = 0;
  EQUAL(peer_write(AT, data, sizeof data).result, 0);
  EQUAL(model.programs, programs + 1u);
}

static void hashes_are_those_of_openssl(void)
{
  struct random random = { tap_seed() };
  fresh();
  for (unsigned i = 0; i < 0x20000; i += 1) {
    model_flash[OFFSET + i] = (uint8_t)random_next(&random);
  }
  for (int round = 0; round < 200; round += 1) {
    const uint32_t block = 256u << random_below(&random, 9);
    const uint32_t at = random_below(&random, 5000);
    const uint32_t length = 1u + random_below(&random, 30000);
    const uint8_t digest = (uint8_t)(4u + random_below(&random, 29));
    const uint32_t count = (length + block - 1u) / block;
    uint8_t payload[13];
    store_u32(payload, AT + at);
    store_u32(payload + 4, length);
    store_u32(payload + 8, block);
    payload[12] = digest;
    const struct reply reply = peer_ask(REQUEST_HASH, payload, sizeof payload);
    if (count * digest > PROTOCOL_DATA_MAX) {
      EQUAL(reply.result, ERROR_BAD_REQUEST);
      continue;
    }
    EQUAL(reply.length, 2u + count * digest);
    for (uint32_t i = 0; i < count; i += 1) {
      uint8_t expected[32];
      const uint32_t left = length - i * block;
      model_sha256(model_flash + OFFSET + at + i * block, left < block ? left : block, expected);
      CHECK(memcmp(reply.payload + 2 + i * digest, expected, digest) == 0);
    }
  }
}

static void info_tells_what_is_unfinished(void)
{
  fresh();
  EQUAL(peer_begin((struct range){ AT + 0x10000, 0x2000 }).result, 0);
  model_power_cycle();
  EQUAL(peer_restart().reason, REASON_UNFINISHED);
  EQUAL(peer_hello(0).result, 0);
  struct reply info = peer_ask(REQUEST_INFO, NULL, 0);
  const uint8_t *reason = info.payload + 2 + 6 + 9 + 12 + 8;
  EQUAL(reason[0], REASON_UNFINISHED);
  EQUAL(reason[1], 1);
  EQUAL(load_u32(reason + 2), AT + 0x10000);
  EQUAL(load_u32(reason + 6), 0x2000);
  EQUAL(peer_begin((struct range){ AT, 0x1000 }).result, 0); /* what was left joins the hull */
  info = peer_ask(REQUEST_INFO, NULL, 0);
  reason = info.payload + 2 + 6 + 9 + 12 + 8;
  EQUAL(load_u32(reason + 2), AT);
  EQUAL(load_u32(reason + 6), 0x12000);
}

static void plant_vectors(uint32_t offset)
{
  store_u32(model_flash + offset, 0x20020000u);
  store_u32(model_flash + offset + 4, 0x90000401u + offset);
}

static void boot_answers_and_then_resets_with_a_request(void)
{
  fresh();
  plant_vectors(0x200000);
  model.holds_bytes = true;
  const struct reply reply = peer_ask_address(REQUEST_BOOT, 0x90200000u);
  EQUAL(reply.result, 0);
  EQUAL(model.resets, 0); /* the answer has not left */
  model.holds_bytes = false;
  bootloader_poll();
  CHECK(model.resets > 0);
  EQUAL(model.backup[PORT_BACKUP_REQUEST], BACKUP_RUN);
  EQUAL(model.backup[PORT_BACKUP_ADDRESS], 0x90200000u);
  const struct boot_decision decision = peer_restart();
  EQUAL(decision.outcome, BOOT_RUN);
  EQUAL(decision.address, 0x90200000u);
  EQUAL(model.backup[PORT_BACKUP_REQUEST], 0);
  EQUAL(model.backup[PORT_BACKUP_ADDRESS], 0);
}

static void boot_does_not_wait_for_ever(void)
{
  fresh();
  plant_vectors(0x100000);
  model.to_pc_limit = model.to_pc;
  (void)peer_ask_address(REQUEST_BOOT, 0);
  EQUAL(model.resets, 0);
  model.millis += 499;
  bootloader_poll();
  EQUAL(model.resets, 0);
  model.millis += 1;
  bootloader_poll();
  EQUAL(model.resets, 1);
}

static void a_stored_address_outlives_a_restart(void)
{
  fresh();
  EQUAL(peer_ask_address(REQUEST_SET_BOOT_ADDRESS, 0x90200000u).result, 0);
  plant_vectors(0x200000);
  EQUAL(peer_ask(REQUEST_RESET, NULL, 0).result, 0);
  CHECK(model.resets > 0);
  EQUAL(model.backup[PORT_BACKUP_REQUEST], 0);
  model_power_cycle();
  model.host = false;
  const struct boot_decision decision = peer_restart();
  EQUAL(decision.outcome, BOOT_RUN);
  EQUAL(decision.address, 0x90200000u);
}

static void status_counts(void)
{
  fresh();
  EQUAL(peer_begin((struct range){ AT, 0x1000 }).result, 0);
  model.millis = 99;
  const struct reply reply = peer_ask(REQUEST_STATUS, NULL, 0);
  EQUAL(load_u32(reply.payload + 2), 99);
  EQUAL(reply.payload[9], 1); /* begun */
  EQUAL(load_u32(reply.payload + 10), model.erases);
  EQUAL(load_u32(reply.payload + 14), model.programs);
  EQUAL(load_u32(reply.payload + 18), 3); /* HELLO, BEGIN, STATUS */
}

void suite_flash(void)
{
  tap_test("ERASE and WRITE change their bytes and no others", erase_and_write_touch_only_their_bytes);
  tap_test("pages that are all ones are not programmed", pages_of_ones_are_skipped);
  tap_test("HASH agrees with OpenSSL for any block and range", hashes_are_those_of_openssl);
  tap_test("INFO tells what is unfinished after a restart", info_tells_what_is_unfinished);
  tap_test("BOOT answers, then resets with a request that runs the address once",
           boot_answers_and_then_resets_with_a_request);
  tap_test("BOOT does not wait for ever for a PC that does not read", boot_does_not_wait_for_ever);
  tap_test("a stored boot address outlives a restart", a_stored_address_outlives_a_restart);
  tap_test("STATUS counts", status_counts);
}
