/* What shares an erase unit with an image stays what it was, wherever the power goes (docs/protocol.md, section 5.9). */
#include <string.h>

#include "bytes.h"
#include "model.h"
#include "peer.h"
#include "suites.h"
#include "tap.h"

#define UNIT 0x90100000u
#define OFFSET 0x100000u
#define SECTOR 0x1000u
#define UNIT_SIZE 0x8000u
#define KEPT 2u        /* this sector holds a note behind the image's last bytes */
#define IMAGE_END 2100u /* in that sector */
#define NONE 255u

static uint8_t before[UNIT_SIZE];
static uint8_t after[UNIT_SIZE];
static const struct range unit = { UNIT, UNIT_SIZE };

/* The image covers sectors 0, 1 and the start of 2; 3 is nobody's and blank, as are all behind it. */
static void make(uint64_t seed)
{
  struct random random = { seed + 1u };
  memset(before, 0xFF, sizeof before);
  memset(after, 0xFF, sizeof after);
  for (unsigned i = 0; i < (KEPT + 1u) * SECTOR; i += 1) {
    before[i] = (uint8_t)random_next(&random);
    after[i] = i < KEPT * SECTOR + IMAGE_END ? (uint8_t)random_next(&random) : before[i];
  }
}

static struct reply keep(uint32_t address, uint16_t blank, uint8_t sector)
{
  uint8_t payload[7];
  store_u32(payload, address);
  store_u16(payload + 4, blank);
  payload[6] = sector;
  return peer_ask(REQUEST_KEEP, payload, sizeof payload);
}

static bool flash(void)
{
  bool good = peer_hello(0).result == 0 && peer_begin(unit).result == 0 && keep(UNIT, 0xF8, KEPT).result == 0 &&
              peer_erase(UNIT, UNIT_SIZE).result == 0;
  for (uint32_t at = 0; good && at < (KEPT + 1u) * SECTOR; at += SECTOR) {
    good = peer_write(UNIT + at, after + at, SECTOR).result == 0;
  }
  return good && peer_commit(unit, after).result == 0;
}

static void prepare(uint64_t seed)
{
  make(seed);
  model_new();
  memcpy(model_flash + OFFSET, before, sizeof before);
  peer_open();
}

static bool others_as_before(void)
{
  const uint32_t first = KEPT * SECTOR + IMAGE_END;
  return memcmp(model_flash + OFFSET + first, before + first, sizeof before - first) == 0;
}

static void every_operation(void)
{
  unsigned cuts = 0;
  for (unsigned torn = 0; torn < TORN_WAYS; torn += 1) {
    bool was_cut = true;
    for (unsigned n = 1; was_cut; n += 1) {
      prepare(n);
      model.cut_at = n;
      model.torn = (enum model_torn)torn;
      model.torn_seed = n;
      (void)flash();
      was_cut = model.off;
      model_power_cycle();
      peer_restart();
      peer_run();
      if (!CHECK(others_as_before())) {
        tap_note("cut at operation %u, torn way %u", n, torn);
      }
      CHECK(flash());
      CHECK(memcmp(model_flash + OFFSET, after, sizeof after) == 0);
      cuts += was_cut ? 1u : 0u;
    }
  }
  tap_note("%u power cuts", cuts);
  CHECK(cuts > 100);
}

/* The power goes a second time, while the board puts things back. */
static void every_operation_of_putting_back(void)
{
  unsigned cuts = 0;
  bool was_cut = true;
  for (unsigned n = 1; was_cut; n += 1) {
    prepare(7);
    CHECK(peer_hello(0).result == 0 && peer_begin(unit).result == 0 && keep(UNIT, 0xF8, KEPT).result == 0);
    CHECK(peer_erase(UNIT, UNIT_SIZE).result == 0);
    memset(model_flash + OFFSET + 4 * SECTOR, 0x5A, SECTOR); /* the erase left something half done there */
    model_power_cycle();
    model.operations = 0;
    model.cut_at = n;
    model.torn = TORN_PARTLY;
    model.torn_seed = n;
    peer_restart();
    peer_run();
    was_cut = model.off;
    model_power_cycle();
    peer_restart();
    peer_run();
    CHECK(others_as_before());
    cuts += was_cut ? 1u : 0u;
  }
  CHECK(cuts >= 22); /* six erases and sixteen pages */
}

/* What an erase that was cut off has left may read right, and not stay so: once after a start it is made anew. */
static void what_reads_right_is_made_anew_once_after_a_start(void)
{
  prepare(11);
  CHECK(peer_hello(0).result == 0 && peer_begin(unit).result == 0 && keep(UNIT, 0xF8, KEPT).result == 0);
  CHECK(peer_erase(UNIT, UNIT_SIZE).result == 0);
  memcpy(model_flash + OFFSET + KEPT * SECTOR, before + KEPT * SECTOR, SECTOR);
  model_power_cycle();
  peer_restart();
  peer_run();
  EQUAL(model.erases, 6); /* five blank sectors, and the kept one */
  CHECK(memcmp(model_flash + OFFSET + KEPT * SECTOR, before + KEPT * SECTOR, SECTOR) == 0);
  EQUAL(peer_hello(1).result, 0);
  EQUAL(model.erases, 6);
}

static void a_new_session_finds_it_put_back(void)
{
  uint8_t payload[6];
  prepare(3);
  CHECK(peer_begin(unit).result == 0 && keep(UNIT, 0, KEPT).result == 0);
  CHECK(peer_erase(UNIT + KEPT * SECTOR, SECTOR).result == 0);
  EQUAL(model_flash[OFFSET + KEPT * SECTOR], 0xFF);
  EQUAL(peer_hello(5).result, 0);
  store_u32(payload, UNIT + KEPT * SECTOR);
  store_u16(payload + 4, SECTOR);
  const struct reply reply = peer_ask(REQUEST_READ, payload, sizeof payload);
  CHECK(memcmp(reply.payload + 2, before + KEPT * SECTOR, SECTOR) == 0);
}

static void begin_puts_back_before_it_forgets(void)
{
  prepare(4);
  CHECK(peer_begin(unit).result == 0 && keep(UNIT, 0, KEPT).result == 0);
  CHECK(peer_erase(UNIT + KEPT * SECTOR, SECTOR).result == 0);
  EQUAL(peer_begin(unit).result, 0);
  CHECK(memcmp(model_flash + OFFSET + KEPT * SECTOR, before + KEPT * SECTOR, SECTOR) == 0);
}

static void the_second_of_two_sectors_is_saved_when_the_first_is_whole(void)
{
  prepare(5);
  CHECK(peer_begin(unit).result == 0 && keep(UNIT, 0, 0).result == 0 && peer_erase(UNIT, SECTOR).result == 0);
  CHECK(peer_write(UNIT, after, SECTOR).result == 0 && keep(UNIT, 0, KEPT).result == 0);
  CHECK(peer_erase(UNIT + KEPT * SECTOR, SECTOR).result == 0);
  model_power_cycle();
  peer_restart();
  peer_run();
  CHECK(memcmp(model_flash + OFFSET, after, SECTOR) == 0);
  CHECK(memcmp(model_flash + OFFSET + KEPT * SECTOR, before + KEPT * SECTOR, SECTOR) == 0);
}

static void after_commit_nothing_is_put_back(void)
{
  prepare(6);
  CHECK(flash());
  model_flash[OFFSET + 4 * SECTOR] = 0;
  const unsigned erases = model.erases;
  model_power_cycle();
  peer_restart();
  peer_run();
  EQUAL(model_flash[OFFSET + 4 * SECTOR], 0);
  EQUAL(model.erases, 0);
  CHECK(erases > 0);
}

static void wrong_requests(void)
{
  prepare(8);
  EQUAL(keep(UNIT, 1, NONE).result, ERROR_NOT_BEGUN);
  EQUAL(peer_begin((struct range){ UNIT, 2 * SECTOR }).result, 0);
  EQUAL(keep(UNIT, 1, 1).result, 0);
  EQUAL(keep(UNIT, 0, NONE).result, ERROR_BAD_REQUEST);
  peer_begin((struct range){ UNIT, 2 * SECTOR });
  EQUAL(keep(UNIT, 1, 0).result, ERROR_BAD_REQUEST);
  peer_begin((struct range){ UNIT, 2 * SECTOR });
  EQUAL(keep(UNIT, 0, 16).result, ERROR_BAD_REQUEST);
  peer_begin((struct range){ UNIT, 2 * SECTOR });
  EQUAL(keep(UNIT + 256u, 0, 0).result, ERROR_ALIGNMENT);
  peer_begin((struct range){ UNIT, 2 * SECTOR });
  EQUAL(keep(UNIT, 4, 0).result, ERROR_NOT_BEGUN);
  EQUAL(peer_erase(UNIT, SECTOR).result, ERROR_ABORTED);
}

static void a_dead_cell_of_the_rescue_sector_is_named(void)
{
  prepare(9);
  model.stuck = 0xFFF000u + 77u;
  model_flash[model.stuck] &= 0xFE;
  after[0] = before[0];
  model_flash[OFFSET + KEPT * SECTOR + 77u] |= 1u;
  CHECK(peer_begin(unit).result == 0);
  const struct reply reply = keep(UNIT, 0, KEPT);
  EQUAL(reply.result, ERROR_WRITE_FAILED);
  EQUAL(reply.detail, 0x90FFF000u + 77u);
}

void suite_rescue(void)
{
  tap_test("power cut at every operation: what the image shares an erase unit with is as before", every_operation);
  tap_test("power cut at every operation of putting it back", every_operation_of_putting_back);
  tap_test("what reads right after a start is made anew once", what_reads_right_is_made_anew_once_after_a_start);
  tap_test("a new session finds it put back", a_new_session_finds_it_put_back);
  tap_test("BEGIN puts it back before it forgets", begin_puts_back_before_it_forgets);
  tap_test("the second of two sectors is saved when the first is whole",
           the_second_of_two_sectors_is_saved_when_the_first_is_whole);
  tap_test("after COMMIT nothing is put back", after_commit_nothing_is_put_back);
  tap_test("KEEP refuses what it cannot keep", wrong_requests);
  tap_test("a dead cell of the rescue sector is named", a_dead_cell_of_the_rescue_sector_is_named);
}
