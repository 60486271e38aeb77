/* Replacing the bootloader: docs/protocol.md, section 13. */
#include <string.h>

#include "board.h"
#include "bytes.h"
#include "carry.h"
#include "firmware_version.h"
#include "holder.h"
#include "identity.h"
#include "log.h"
#include "model.h"
#include "owner.h"
#include "peer.h"
#include "rescue.h"
#include "suites.h"
#include "tap.h"

#define LENGTH 4096u
#define BLOCK IDENTITY_OFFSET
#define OTHER_BOOT 0x90200000u

static uint8_t image[LENGTH];

static void make_whole(void)
{
  store_u32(image + BLOCK + IDENTITY_CRC_OFFSET, 0);
  store_u32(image + BLOCK + IDENTITY_CRC_OFFSET, port_crc32(image, LENGTH));
}

/* An image that a board of the model takes. */
static void make_image(void)
{
  for (uint32_t i = 0; i < LENGTH; i += 1) {
    image[i] = (uint8_t)(i * 7u);
  }
  store_u32(image, 0x20002000u);
  store_u32(image + 4, IDENTITY_FLASH + 0x401u);
  memset(image + BLOCK, 0, IDENTITY_SIZE);
  store_u32(image + BLOCK, IDENTITY_MAGIC);
  store_u16(image + BLOCK + 4, IDENTITY_FORMAT);
  store_u16(image + BLOCK + 6, IDENTITY_IMBOOTLOADER);
  store_u32(image + BLOCK + 8, FIRMWARE_VERSION_NUMBER);
  store_u32(image + BLOCK + 12, LENGTH);
  store_u32(image + BLOCK + 16, 0x10000u);
  memcpy(image + BLOCK + 24, "emulated", 8);
  make_whole();
}

static struct reply stage(void)
{
  uint8_t payload[4 + 2048];
  struct reply reply = { 0 };
  for (uint32_t at = 0; at < LENGTH; at += 2048u) {
    store_u32(payload, at);
    memcpy(payload + 4, image + at, 2048);
    reply = peer_ask(REQUEST_STAGE, payload, sizeof payload);
  }
  return reply;
}

static struct reply update(uint32_t length, uint8_t flags)
{
  uint8_t payload[37];
  store_u32(payload, length);
  payload[4] = flags;
  model_sha256(image, length < LENGTH ? length : LENGTH, payload + 5);
  return peer_ask(REQUEST_UPDATE, payload, sizeof payload);
}

static void a_board_with_settings(void)
{
  const struct key authority = holder_key(1);
  holder_claimed_board();
  EQUAL(holder_prove_rights(&authority, RIGHT_OWNER).result, 0);
  EQUAL(holder_policy(POLICY_OWN).result, 0);
  EQUAL(peer_ask_address(REQUEST_SET_BOOT_ADDRESS, OTHER_BOOT).result, 0);
}

static void check_settings(void)
{
  CHECK(owner()->ownership == OWNER_CLAIMED && memcmp(owner()->key, holder_key(1).public, 32) == 0);
  EQUAL(owner()->policy, POLICY_OWN);
  EQUAL(log_boot_address(), OTHER_BOOT);
}

static void carries_the_log_over_in_seven_words(void)
{
  make_image();
  a_board_with_settings();
  for (uint32_t i = 0; i < 20; i += 1) {
    EQUAL(peer_ask_address(REQUEST_SET_BOOT_ADDRESS, OTHER_BOOT + 1024u * (1u + i % 2u)).result, 0);
  }
  EQUAL(peer_ask_address(REQUEST_SET_BOOT_ADDRESS, OTHER_BOOT).result, 0);
  EQUAL(stage().result, 0);
  EQUAL(update(LENGTH, 0).result, 0);
  CHECK(model.replaced > 0);
  EQUAL(model.image_length, LENGTH);
  CHECK(memcmp(model_image, image, LENGTH) == 0);
  EQUAL(model.backup[0], BACKUP_STAY);
  peer_restart();
  check_settings();
  EQUAL(log_free(), PORT_LOG_WORDS - CARRY_WORDS_MAX);
}

static void an_open_board_carries_nothing(void)
{
  make_image();
  model_new();
  peer_open();
  EQUAL(stage().result, 0);
  EQUAL(update(LENGTH, 0).result, 0);
  peer_restart();
  EQUAL(log_free(), PORT_LOG_WORDS);
  EQUAL(owner()->ownership, OWNER_NONE);
}

static void refuse(uint32_t offset, uint32_t value, uint8_t flags, uint16_t expected)
{
  make_image();
  store_u32(image + offset, value);
  make_whole();
  EQUAL(stage().result, 0);
  EQUAL(update(LENGTH, flags).result, expected);
}

static void what_does_not_fit_is_refused_and_nothing_changes(void)
{
  model_new();
  peer_open();
  const unsigned erases = model.erases;
  refuse(BLOCK, 0, 0, ERROR_BAD_IMAGE);
  refuse(BLOCK + 4, 2, 0, ERROR_BAD_IMAGE);
  refuse(BLOCK + 4, IDENTITY_FORMAT | 2u << 16, 0, ERROR_BAD_IMAGE);
  refuse(BLOCK + 12, LENGTH + 4u, 0, ERROR_BAD_IMAGE);
  refuse(BLOCK + 16, LENGTH - 32u, 0, ERROR_BAD_IMAGE);
  refuse(BLOCK + 16, 0x1FFE0u, 0, ERROR_BAD_IMAGE);
  refuse(BLOCK + 16, 0x10004u, 0, ERROR_BAD_IMAGE);
  refuse(4, IDENTITY_FLASH + LENGTH + 1u, 0, ERROR_BAD_IMAGE);
  refuse(4, IDENTITY_FLASH + 0x400u, 0, ERROR_BAD_IMAGE);
  refuse(BLOCK + 24, 0x31313131u, 0, ERROR_OTHER_BOARD);
  refuse(BLOCK + 8, FIRMWARE_VERSION_NUMBER - 1u, 0, ERROR_OLDER);
  refuse(BLOCK + 8, FIRMWARE_VERSION_NUMBER, 2, ERROR_BAD_REQUEST);
  make_image();
  image[100] ^= 1u;
  EQUAL(stage().result, 0);
  EQUAL(update(LENGTH, 0).result, ERROR_BAD_IMAGE);
  image[101] ^= 1u; /* not staged */
  EQUAL(update(LENGTH, 0).result, ERROR_VERIFY_FAILED);
  EQUAL(update(0, 0).result, ERROR_BAD_IMAGE);
  EQUAL(update(0x10004u, 0).result, ERROR_BAD_IMAGE);
  model.sector_protected = true;
  EQUAL(update(LENGTH, 0).result, ERROR_NOT_REPLACEABLE);
  EQUAL(model.replaced, 0);
  EQUAL(model.erases, erases);
}

static void older_is_taken_when_asked_for(void)
{
  model_new();
  peer_open();
  refuse(BLOCK + 8, FIRMWARE_VERSION_NUMBER - 1u, 1, 0);
  CHECK(model.replaced > 0);
}

static void staging_stays_inside_the_buffer(void)
{
  uint8_t payload[8] = { 0 };
  const uint32_t beyond[] = { 0xFFFDu, 0x10000u, 0xFFFFFFFEu };
  model_new();
  peer_open();
  for (unsigned i = 0; i < 3; i += 1) {
    store_u32(payload, beyond[i]);
    EQUAL(peer_ask(REQUEST_STAGE, payload, sizeof payload).result, ERROR_RANGE);
  }
  store_u32(payload, 0xFFFCu);
  EQUAL(peer_ask(REQUEST_STAGE, payload, sizeof payload).result, 0);
}

static void an_unfinished_flashing_comes_first(void)
{
  make_image();
  model_new();
  peer_open();
  EQUAL(peer_begin((struct range){ 0x90100000u, 0x1000u }).result, 0);
  EQUAL(stage().result, 0);
  EQUAL(update(LENGTH, 0).result, ERROR_UNFINISHED);
  EQUAL(model.replaced, 0);
}

/* As ST's ROM bootloader leaves it: everything behind the image is blank. */
static void blank_log(void)
{
  memset(model_log, 0xFF, sizeof model_log);
  memset(model_log_bad, 0, sizeof model_log_bad);
}

static void the_copy_brings_settings_back_once(void)
{
  make_image();
  a_board_with_settings();
  EQUAL(stage().result, 0);
  EQUAL(update(LENGTH, 0).result, 0);
  blank_log();
  model_set_noisy(rescue_address() - BOARD_FLASH_BASE, 64, 3);
  peer_restart();
  check_settings();
  blank_log();
  peer_restart();
  EQUAL(owner()->ownership, OWNER_NONE);
  EQUAL(log_boot_address(), 0x90100000u);
}

static void a_copy_never_replaces_what_the_log_says(void)
{
  const struct key other = holder_key(2);
  make_image();
  a_board_with_settings();
  EQUAL(stage().result, 0);
  EQUAL(update(LENGTH, 0).result, 0);
  blank_log();
  log_read();
  EQUAL(owner_claim(other.public), 0);
  EQUAL(log_store_boot_address(0x90300000u), 0);
  peer_restart();
  CHECK(memcmp(owner()->key, other.public, 32) == 0);
  EQUAL(owner()->policy, 0);
  EQUAL(log_boot_address(), 0x90300000u);
}

/* The power fails in every operation of bringing the settings back. */
static void power_cuts_while_the_copy_is_used(void)
{
  unsigned cuts = 0;
  for (unsigned operation = 1; operation <= 8; operation += 1) {
    for (int torn = 0; torn < TORN_WAYS; torn += 1) {
      make_image();
      a_board_with_settings();
      EQUAL(stage().result, 0);
      EQUAL(update(LENGTH, 0).result, 0);
      blank_log();
      model_power_cycle();
      model.torn = (enum model_torn)torn;
      model.cut_at = model.operations + operation;
      peer_restart();
      cuts += model.off;
      model.cut_at = 0;
      model_power_cycle();
      peer_restart();
      check_settings();
    }
  }
  tap_note("%u cuts", cuts);
  CHECK(cuts >= 15);
}

void suite_update(void)
{
  tap_test("update: boot address, owner and policy are carried over in seven words", carries_the_log_over_in_seven_words);
  tap_test("update: an open board with its factory boot address carries nothing", an_open_board_carries_nothing);
  tap_test("update: what does not fit is refused and nothing changes", what_does_not_fit_is_refused_and_nothing_changes);
  tap_test("update: an older image is taken when it is asked for", older_is_taken_when_asked_for);
  tap_test("update: staging stays inside its buffer", staging_stays_inside_the_buffer);
  tap_test("update: an unfinished flashing comes first", an_unfinished_flashing_comes_first);
  tap_test("update: the copy of the log brings the settings back, once", the_copy_brings_settings_back_once);
  tap_test("update: a copy never replaces what the log says", a_copy_never_replaces_what_the_log_says);
  tap_test("update: power cuts while the copy is used", power_cuts_while_the_copy_is_used);
}
