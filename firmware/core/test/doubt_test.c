/* Where a power cut may have caught the chip in the middle of an operation, as INFO tells it (docs/protocol.md, section 5.2). */
#include <string.h>

#include "bytes.h"
#include "journal.h"
#include "model.h"
#include "peer.h"
#include "suites.h"
#include "tap.h"

#define AT 0x90100000u
#define BASE 0x90000000u
#define SECTOR 0x1000u
#define BLOCK 0x10000u
#define BLOCKS 8u
#define SIZE (BLOCKS * BLOCK)
#define REGION_END 0xFFC000u /* the journal's region begins here */
#define WRITE_WINDOW 0x40000u
#define ERASE_WINDOW 0x20000u

static const struct range whole = { AT, SIZE };
static uint8_t image[SIZE];

static void make_image(uint64_t seed)
{
  struct random random = { seed };
  for (unsigned i = 0; i < SIZE; i += 1) {
    image[i] = (uint8_t)random_next(&random);
  }
}

/* Block after block, the first `skip` of them as they are. */
static bool flash(unsigned skip, bool erase)
{
  bool good = peer_begin(whole).result == 0;
  for (uint32_t at = skip * BLOCK; good && at < SIZE; at += BLOCK) {
    good = !erase || peer_erase(AT + at, BLOCK).result == 0;
    for (uint32_t k = 0; good && k < BLOCK; k += SECTOR) {
      good = peer_write(AT + at + k, image + at + k, SECTOR).result == 0;
    }
  }
  return good && peer_commit(whole, image).result == 0;
}

static struct range doubt(void)
{
  const struct reply info = peer_ask(REQUEST_INFO, NULL, 0);
  const uint8_t *end = info.payload + info.length;
  return (struct range){ load_u32(end - 8), load_u32(end - 4) };
}

static void restart(void)
{
  model_power_cycle();
  peer_restart();
  peer_hello(0);
}

static void expect_doubt(uint32_t address, uint32_t length)
{
  const struct range found = doubt();
  EQUAL(found.length, length);
  EQUAL(found.address, address);
}

static void cut_anywhere(bool erase)
{
  const uint32_t limit = WRITE_WINDOW;
  unsigned cuts = 0;
  make_image(1);
  for (unsigned n = 1;; n += 7) {
    model_new();
    if (erase) {
      memset(model_flash + AT - BASE, 0x5A, SIZE);
    }
    peer_open();
    model.cut_at = n;
    model.torn = TORN_PARTLY;
    model.torn_seed = n;
    (void)flash(0, erase);
    if (!model.off) {
      break;
    }
    const uint32_t last = model.last;
    restart();
    const struct range found = doubt();
    const bool inside = last >= REGION_END || range_inside((struct range){ BASE + last, 1 }, found);
    if (!CHECK(inside) || !CHECK(found.length <= limit)) {
      tap_note("operation %u at 0x%x", n, last);
    }
    for (uint32_t at = AT; last < REGION_END && at < found.address; at += 1) {
      CHECK(model_flash[at - BASE] == image[at - AT]);
    }
    cuts += 1;
  }
  tap_note("%u power cuts", cuts);
  CHECK(cuts > 280);
}

static void the_doubt_holds_what_was_cut_off(void)
{
  cut_anywhere(true);
  cut_anywhere(false);
}

static void a_board_that_ran_on_has_no_doubt(void)
{
  model_new();
  peer_open();
  make_image(2);
  EQUAL(peer_begin(whole).result, 0);
  EQUAL(peer_erase(AT, BLOCK).result, 0);
  EQUAL(peer_hello(7).result, 0);
  expect_doubt(0, 0);
  restart();
  expect_doubt(AT, WRITE_WINDOW);
  CHECK(flash(0, true));
  expect_doubt(0, 0);
  restart();
  expect_doubt(0, 0);
}

static void erases_from_its_start_take_it_away(void)
{
  model_new();
  peer_open();
  EQUAL(peer_begin(whole).result, 0);
  EQUAL(peer_erase(AT, BLOCK).result, 0);
  restart();
  EQUAL(peer_begin(whole).result, 0);
  EQUAL(peer_erase(AT + BLOCK, SECTOR).result, 0);
  expect_doubt(AT, WRITE_WINDOW); /* its first sector is not erased */
  EQUAL(peer_erase(AT, BLOCK).result, 0);
  expect_doubt(AT + BLOCK, WRITE_WINDOW - BLOCK);
  EQUAL(peer_erase(AT + BLOCK, BLOCK).result, 0);
  expect_doubt(AT + 2 * BLOCK, WRITE_WINDOW - 2 * BLOCK);
  EQUAL(peer_hello(9).result, 0);
  expect_doubt(AT + 2 * BLOCK, WRITE_WINDOW - 2 * BLOCK);
}

static void a_second_cut_elsewhere_adds_to_it(void)
{
  model_new();
  peer_open();
  EQUAL(peer_begin(whole).result, 0);
  EQUAL(peer_erase(AT + 6 * BLOCK, BLOCK).result, 0);
  restart();
  expect_doubt(AT + 6 * BLOCK, ERASE_WINDOW);
  EQUAL(peer_begin((struct range){ AT, SECTOR }).result, 0);
  restart();
  expect_doubt(AT, 8 * BLOCK);
  EQUAL(peer_begin((struct range){ AT, SECTOR }).result, 0);
  EQUAL(peer_erase(AT, SECTOR).result, 0);
  restart(); /* the record of the window is older than the erase */
  expect_doubt(AT, 8 * BLOCK);
}

static void a_window_moves_as_far_as_its_request_needs(void)
{
  uint8_t data[SECTOR] = { 0 };
  model_new();
  peer_open();
  EQUAL(peer_begin((struct range){ AT, 5 * BLOCK }).result, 0);
  EQUAL(peer_write(AT + WRITE_WINDOW - 100, data, sizeof data).result, 0); /* over the end of the window */
  restart();
  expect_doubt(AT + WRITE_WINDOW - SECTOR, BLOCK + SECTOR); /* to the end of the BEGIN's range */
}

static void an_operation_that_does_not_end_is_in_doubt_at_once(void)
{
  model_new();
  peer_open();
  EQUAL(peer_begin((struct range){ AT, BLOCK }).result, 0);
  model.poll_error = PORT_ERROR_TIMEOUT;
  EQUAL(peer_erase(AT, BLOCK).result, ERROR_FLASH_TIMEOUT);
  model.poll_error = PORT_OK;
  expect_doubt(AT, BLOCK);
}

static bool kept(void)
{
  const struct keep *keep = &journal_state()->keep;
  return keep->blank != 0 || keep->sector != KEEP_NONE;
}

static void a_window_that_leaves_the_unit_ends_its_keep(void)
{
  const uint8_t payload[7] = { 0, 0, 0x11, 0x90, 0xFE, 0xFF, 0 }; /* sector 0 is kept, the other fifteen are blank */
  model_new();
  peer_open();
  EQUAL(peer_begin(whole).result, 0);
  EQUAL(peer_ask(REQUEST_KEEP, payload, sizeof payload).result, 0);
  EQUAL(peer_erase(AT + BLOCK, BLOCK).result, 0);
  CHECK(kept());
  EQUAL(peer_erase(AT + 5 * BLOCK, BLOCK).result, 0);
  CHECK(!kept());
  restart();
  expect_doubt(AT + 5 * BLOCK, ERASE_WINDOW);
}

void suite_doubt(void)
{
  tap_test("a power cut in any operation: INFO's doubt holds it, and all before it is as written",
           the_doubt_holds_what_was_cut_off);
  tap_test("a board that has run on has no doubt; one that was reset has the window", a_board_that_ran_on_has_no_doubt);
  tap_test("erases from the first sector of the doubt on take away from it", erases_from_its_start_take_it_away);
  tap_test("a second cut elsewhere adds to the doubt", a_second_cut_elsewhere_adds_to_it);
  tap_test("a window moves as far as its request needs, and not out of the BEGIN's range",
           a_window_moves_as_far_as_its_request_needs);
  tap_test("an operation that does not end puts its window in doubt at once",
           an_operation_that_does_not_end_is_in_doubt_at_once);
  tap_test("a window that leaves the unit ends its KEEP", a_window_that_leaves_the_unit_ends_its_keep);
}
