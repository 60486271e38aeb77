#include <string.h>

#include "bootloader.h"
#include "bytes.h"
#include "frame.h"
#include "model.h"
#include "peer.h"
#include "queue.h"
#include "suites.h"
#include "tap.h"

#define AT 0x90100000u

static struct reply reply;
static const uint8_t greeting[8] = { 'I', 'M', 'F', 'L', 1, 0, 1, 0 };

static void fresh(void)
{
  model_new();
  peer_open();
}

static void nothing_without_hello(void)
{
  model_new();
  model.backup[PORT_BACKUP_REQUEST] = BACKUP_STAY;
  peer_restart();
  peer_send(REQUEST_INFO, 7, NULL, 0);
  peer_send(REQUEST_BEGIN, 99, NULL, 0);
  peer_run();
  for (int i = 0; i < 2; i += 1) {
    CHECK(peer_receive(&reply));
    EQUAL(reply.result, ERROR_NO_SESSION);
  }
  EQUAL(model.operations, 0);
}

static void hello_with(uint32_t magic, uint16_t version, uint16_t lowest, size_t length)
{
  uint8_t payload[64] = { 0 };
  store_u32(payload, magic);
  store_u16(payload + 4, version);
  store_u16(payload + 6, lowest);
  peer_send(REQUEST_HELLO, 3, payload, length);
  peer_run();
  CHECK(peer_receive(&reply));
  EQUAL(reply.type, 0x81);
  EQUAL(reply.sequence, 3);
}

static void versions_must_meet(void)
{
  static const struct {
    uint16_t version, lowest;
    bool meets;
  } cases[] = { { 1, 1, true }, { 7, 1, true }, { 1, 0, true }, { 2, 2, false }, { 0, 0, false } };
  for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i += 1) {
    fresh();
    hello_with(PROTOCOL_MAGIC, cases[i].version, cases[i].lowest, 8);
    EQUAL(reply.result, 0);
    EQUAL(reply.length, 2 + 2 + 2 + 4 + 2 + 24);
    EQUAL(peer_ask(REQUEST_INFO, NULL, 0).result, cases[i].meets ? 0 : ERROR_NO_SESSION);
  }
  fresh();
  hello_with(PROTOCOL_MAGIC, 1, 0, 6); /* all that never changes */
  EQUAL(peer_ask(REQUEST_INFO, NULL, 0).result, 0);
  hello_with(PROTOCOL_MAGIC, 1, 1, 40);
  EQUAL(peer_ask(REQUEST_INFO, NULL, 0).result, 0);
}

static void wrong_magic_opens_nothing(void)
{
  fresh();
  hello_with(PROTOCOL_MAGIC + 1u, 1, 1, 8);
  EQUAL(reply.result, ERROR_BAD_REQUEST);
  EQUAL(reply.detail, REQUEST_HELLO);
  EQUAL(peer_ask(REQUEST_INFO, NULL, 0).result, ERROR_NO_SESSION);
  hello_with(PROTOCOL_MAGIC, 1, 1, 5);
  EQUAL(reply.result, ERROR_BAD_REQUEST);
}

static void a_gap_breaks_the_session(void)
{
  for (int off = -1; off <= 1; off += 2) {
    fresh();
    peer_send(REQUEST_INFO, 1, NULL, 0);
    peer_send(REQUEST_INFO, (uint8_t)(2 + off), NULL, 0);
    peer_send(REQUEST_INFO, 2, NULL, 0);
    peer_run();
    bool event = false;
    unsigned answers = 0;
    while (peer_receive(&reply)) {
      if (reply.type == PROTOCOL_EVENT) {
        event = true;
        EQUAL(reply.sequence, 0);
        EQUAL(reply.result, ERROR_SEQUENCE);
        EQUAL(reply.detail, 2);
      } else {
        answers += 1;
        EQUAL(reply.sequence, 1);
      }
    }
    CHECK(event);
    EQUAL(answers, 1);
    EQUAL(peer_hello(200).result, 0);
    EQUAL(peer_ask(REQUEST_INFO, NULL, 0).result, 0);
  }
}

static void damage_breaks_the_session(void)
{
  fresh();
  const uint8_t junk[4] = { 9, 9, 9, 0 };
  peer_send_raw(junk, sizeof junk);
  peer_send(REQUEST_INFO, 1, NULL, 0);
  peer_run();
  CHECK(peer_receive(&reply));
  EQUAL(reply.type, PROTOCOL_EVENT);
  EQUAL(reply.result, ERROR_BAD_FRAME);
  EQUAL(reply.detail, 1);
  CHECK(!peer_receive(&reply));
  EQUAL(peer_hello(9).result, 0);
  reply = peer_ask(REQUEST_STATUS, NULL, 0);
  EQUAL(load_u32(reply.payload + 2 + 20), 1); /* bad */
}

static void sequence_numbers_wrap(void)
{
  fresh();
  for (unsigned i = 1; i < 600; i += 1) {
    reply = peer_ask(REQUEST_GET_BOOT_ADDRESS, NULL, 0);
    EQUAL(reply.sequence, i & 0xFFu);
  }
}

static void hello_drops_what_waits(void)
{
  uint8_t data[4 + 512];
  fresh();
  EQUAL(peer_begin((struct range){ AT, 0x1000 }).result, 0);
  memset(data, 0x55, sizeof data);
  store_u32(data, AT);
  model.busy_polls = 20;
  peer_post(REQUEST_WRITE, data, sizeof data);
  peer_post(REQUEST_INFO, NULL, 0);
  for (int i = 0; i < 4; i += 1) {
    bootloader_poll(); /* the first page is under way */
  }
  const unsigned programs = model.programs;
  peer_send(REQUEST_HELLO, 77, greeting, sizeof greeting);
  peer_send(REQUEST_GET_BOOT_ADDRESS, 78, NULL, 0);
  peer_run();
  CHECK(peer_receive(&reply));
  EQUAL(reply.type, 0x81);
  EQUAL(reply.sequence, 77);
  EQUAL(model.busy, 0);
  EQUAL(model.programs, programs); /* the second page was not begun */
  CHECK(peer_receive(&reply));
  EQUAL(reply.sequence, 78);
  CHECK(!peer_receive(&reply));
  EQUAL(peer_write(AT, data, 4).result, ERROR_NOT_BEGUN); /* the BEGIN went with its session */
}

static void an_event_before_the_answer_of_hello_is_the_old_sessions(void)
{
  const uint8_t junk[4] = { 9, 9, 9, 0 };
  uint8_t payload[8];
  fresh();
  EQUAL(peer_begin((struct range){ AT, 0x1000 }).result, 0);
  model.busy_polls = 50;
  store_u32(payload, AT);
  store_u32(payload + 4, 0x1000);
  peer_post(REQUEST_ERASE, payload, sizeof payload);
  bootloader_poll();
  CHECK(model.busy > 0);
  peer_send_raw(junk, sizeof junk);
  peer_send(REQUEST_HELLO, 9, greeting, sizeof greeting);
  peer_send_raw(junk, sizeof junk);
  peer_run();
  for (uint32_t i = 1; i <= 2; i += 1) {
    CHECK(peer_receive(&reply));
    EQUAL(reply.result, ERROR_BAD_FRAME);
    EQUAL(reply.detail, i);
    EQUAL(peer_receive(&reply), i == 1);
    EQUAL(reply.type, i == 1 ? 0x81 : 0);
  }
}

static void hello_interrupts_long_hashes(void)
{
  uint8_t payload[40] = { 0 };
  fresh();
  store_u32(payload, 0x90000000u);
  store_u32(payload + 4, MODEL_FLASH_SIZE);
  peer_post(REQUEST_VERIFY, payload, sizeof payload);
  for (int i = 0; i < 10; i += 1) {
    CHECK(bootloader_poll());
  }
  peer_send(REQUEST_HELLO, 1, greeting, sizeof greeting);
  for (int i = 0; i < 4; i += 1) {
    bootloader_poll();
  }
  CHECK(peer_receive(&reply));
  EQUAL(reply.type, 0x81);
}

static void hello_waits_for_a_journal_record(void)
{
  uint8_t payload[9] = { 1 };
  for (int polls = 1; polls < 12; polls += 1) {
    fresh();
    store_u32(payload + 1, AT);
    store_u32(payload + 5, 0x1000);
    peer_post(REQUEST_BEGIN, payload, sizeof payload);
    for (int i = 0; i < polls; i += 1) {
      bootloader_poll();
    }
    peer_receive(&reply);
    EQUAL(peer_hello(5).result, 0);
    EQUAL(peer_erase(AT, 0x1000).result, ERROR_NOT_BEGUN);
    EQUAL(peer_begin((struct range){ AT, 0x1000 }).result, 0);
  }
}

static void a_link_change_ends_the_session(void)
{
  fresh();
  peer_post(REQUEST_INFO, NULL, 0);
  bootloader_poll();
  model.generation += 1;
  model.to_board_read = model.to_board;
  bootloader_poll();
  while (peer_receive(&reply)) {
  }
  EQUAL(peer_ask(REQUEST_INFO, NULL, 0).result, ERROR_NO_SESSION);
  EQUAL(peer_hello(0).result, 0);
  /* A broken session ends, too, and half a frame of before does not spoil the next. */
  peer_send(REQUEST_INFO, 9, NULL, 0);
  peer_run();
  const uint8_t half[3] = { 5, 1, 1 };
  peer_send_raw(half, sizeof half);
  peer_run();
  model.generation += 1;
  peer_run();
  while (peer_receive(&reply)) {
  }
  peer_send(REQUEST_HELLO, 0, greeting, sizeof greeting);
  peer_run();
  CHECK(peer_receive(&reply));
  EQUAL(reply.type, 0x81);
}

/* Sends WRITEs that fill `size` bytes on the wire; returns how many. */
static unsigned fill_window(size_t size)
{
  static uint8_t data[4 + PROTOCOL_DATA_MAX];
  const size_t before = model.to_board;
  unsigned count = 0;
  memset(data, 0x5A, sizeof data);
  while (count < 64 && model.to_board - before + FRAME_WIRE_MAX <= size) {
    store_u32(data, AT + count * PROTOCOL_DATA_MAX);
    peer_post(REQUEST_WRITE, data, sizeof data);
    count += 1;
  }
  return count;
}

static void the_window_is_taken_while_the_chip_is_busy(void)
{
  uint8_t payload[8];
  fresh();
  EQUAL(peer_begin((struct range){ AT, 0x40000 }).result, 0);
  for (unsigned round = 0; round < 5; round += 1) { /* the ring wraps at another place each time */
    EQUAL(peer_begin((struct range){ AT, 0x40000 }).result, 0);
    memset(model_flash + 0x100000, 0xFF, 0x40000);
    store_u32(payload, AT + 0x30000);
    store_u32(payload + 4, 0x10000);
    model.busy_polls = 2000;
    peer_post(REQUEST_ERASE, payload, sizeof payload);
    const unsigned count = fill_window(QUEUE_WINDOW - 64u - round * 100u);
    for (int i = 0; i < 300; i += 1) {
      bootloader_poll();
    }
    EQUAL(model.to_board - model.to_board_read, 0);
    CHECK(model.busy > 0);
    model.busy_polls = 1;
    peer_run();
    for (unsigned i = 0; i < count + 1u; i += 1) {
      CHECK(peer_receive(&reply));
      EQUAL(reply.result, 0);
    }
    CHECK(!peer_receive(&reply));
  }
}

static void more_than_the_window_loses_nothing(void)
{
  fresh();
  model.to_pc_limit = model.to_pc; /* the PC reads nothing */
  const unsigned count = 40000;
  for (unsigned i = 0; i < count; i += 1) {
    peer_post(REQUEST_GET_BOOT_ADDRESS, NULL, 0);
  }
  peer_run();
  CHECK(model.to_board_read < model.to_board);
  model.to_pc_limit = MODEL_PIPE;
  peer_run();
  EQUAL(model.to_board_read, model.to_board);
  for (unsigned i = 1; i <= count; i += 1) {
    if (!CHECK(peer_receive(&reply)) || !EQUAL(reply.sequence, i & 0xFFu)) {
      break;
    }
  }
}

static void a_slow_reader_gets_everything(void)
{
  uint8_t payload[6];
  struct random random = { tap_seed() };
  fresh();
  for (unsigned i = 0; i < 65536; i += 1) {
    model_flash[0x100000 + i] = (uint8_t)random_next(&random);
  }
  model.to_pc_limit = model.to_pc;
  for (unsigned i = 0; i < 60; i += 1) {
    store_u32(payload, AT + i * 1000u);
    store_u16(payload + 4, 4096);
    peer_post(REQUEST_READ, payload, sizeof payload);
  }
  peer_run();
  for (unsigned i = 0; i < 60; i += 1) {
    while (!peer_receive(&reply)) {
      model.to_pc_limit += random_below(&random, 500);
      bootloader_poll();
    }
    EQUAL(reply.sequence, i + 1u);
    EQUAL(reply.length, 4098);
    CHECK(memcmp(reply.payload + 2, model_flash + 0x100000 + i * 1000u, 4096) == 0);
  }
}

static void garbage_never_harms(void)
{
  struct random random = { tap_seed() };
  static uint8_t noise[6000];
  fresh();
  for (int round = 0; round < 300; round += 1) {
    const uint32_t size = random_below(&random, sizeof noise);
    for (uint32_t i = 0; i < size; i += 1) {
      noise[i] = (uint8_t)(random_below(&random, 1u + random_below(&random, 60)) == 0 ? 0 : random_next(&random));
    }
    peer_send_raw(noise, size);
    EQUAL(peer_hello((uint8_t)random_next(&random)).result, 0);
    EQUAL(peer_ask(REQUEST_GET_BOOT_ADDRESS, NULL, 0).result, 0);
  }
  EQUAL(model.operations, 0);
}

static void random_requests_never_harm(void)
{
  struct random random = { tap_seed() };
  uint8_t payload[400];
  fresh();
  for (int round = 0; round < 5000; round += 1) {
    const uint32_t size = random_below(&random, random_below(&random, 2) == 0 ? 60 : sizeof payload);
    for (uint32_t i = 0; i < size; i += 1) {
      payload[i] = (uint8_t)random_next(&random);
    }
    if (size >= 8) {
      store_u32(payload + random_below(&random, 2), AT + random_below(&random, 16) * 0x1000u);
      store_u32(payload + 4, random_below(&random, 4) * 0x1000u);
    }
    const uint8_t type = (uint8_t)(2u + random_below(&random, 20));
    if (type != REQUEST_RESET && type != REQUEST_BOOT) {
      CHECK(peer_ask(type, payload, size).result != 0xFFFF);
    }
    if (round % 500 == 0) {
      model.to_pc = 0;
      model.to_board = 0;
      model.to_board_read = 0;
      EQUAL(peer_restart().outcome != BOOT_RUN, true);
      EQUAL(peer_hello(0).result, 0);
    }
  }
  for (uint32_t i = 0x120000; i < 0xFFC000u; i += 1) {
    if (!CHECK(model_flash[i] == 0xFF)) {
      break;
    }
  }
}

void suite_session(void)
{
  tap_test("no request is carried out before HELLO", nothing_without_hello);
  tap_test("a session needs versions that meet", versions_must_meet);
  tap_test("a wrong magic is refused and opens nothing", wrong_magic_opens_nothing);
  tap_test("a lost or doubled request breaks the session until HELLO", a_gap_breaks_the_session);
  tap_test("a damaged frame breaks the session until HELLO", damage_breaks_the_session);
  tap_test("sequence numbers wrap at 256", sequence_numbers_wrap);
  tap_test("HELLO drops what waits and lets the chip finish its page", hello_drops_what_waits);
  tap_test("an EVENT before the answer of HELLO is the old session's, one behind it the new one's",
           an_event_before_the_answer_of_hello_is_the_old_sessions);
  tap_test("HELLO interrupts a long hash", hello_interrupts_long_hashes);
  tap_test("HELLO at any step of a journal record leaves a usable journal", hello_waits_for_a_journal_record);
  tap_test("a change of the link ends the session", a_link_change_ends_the_session);
  tap_test("the whole window is taken while the chip is busy", the_window_is_taken_while_the_chip_is_busy);
  tap_test("requests beyond the window wait on the wire and lose nothing", more_than_the_window_loses_nothing);
  tap_test("a PC that reads slowly gets every answer", a_slow_reader_gets_everything);
  tap_test("garbage between requests never harms", garbage_never_harms);
  tap_test("random requests are all answered and stay in their ranges", random_requests_never_harm);
}
