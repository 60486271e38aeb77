/* The power goes at every operation of a flashing: the board never runs a torn image, and can be flashed again. */
#include <stdio.h>
#include <string.h>

#include "bytes.h"
#include "journal.h"
#include "model.h"
#include "peer.h"
#include "suites.h"
#include "tap.h"

#define AT 0x90100000u
#define OFFSET 0x100000u
#define JOURNAL 0xFFC000u
#define SIZE 0x3000u
#define IMAGES 4u

static const struct range whole = { AT, SIZE };
static uint8_t images[IMAGES][SIZE];

static void make_images(void)
{
  struct random random = { 42 };
  for (unsigned n = 0; n < IMAGES; n += 1) {
    for (unsigned i = 0; i < SIZE; i += 1) {
      images[n][i] = (uint8_t)random_next(&random);
    }
    store_u32(images[n], 0x20020000u);
    store_u32(images[n] + 4, AT + 0x401);
  }
}

/* Flashes without a look at the answers of single steps; returns whether the last one was good. */
static bool flash(const uint8_t *image)
{
  bool good = peer_hello(0).result == 0 && peer_begin(whole).result == 0;
  for (uint32_t at = 0; good && at < SIZE; at += 0x1000) {
    good = peer_erase(AT + at, 0x1000).result == 0 && peer_write(AT + at, image + at, 0x1000).result == 0;
  }
  return good && peer_commit(whole, image).result == 0;
}

static struct boot_decision power_on(void)
{
  model_power_cycle();
  return peer_restart();
}

/* Which image the flash holds whole; IMAGES when none. */
static unsigned whole_image(void)
{
  unsigned n = 0;
  while (n < IMAGES && memcmp(model_flash + OFFSET, images[n], SIZE) != 0) {
    n += 1;
  }
  return n;
}

static bool runs_only_whole(struct boot_decision decision)
{
  if (decision.outcome == BOOT_STAY) {
    return EQUAL(decision.reason, REASON_UNFINISHED);
  }
  return CHECK(whole_image() < IMAGES);
}

/* A board that holds image 0, its journal with `records` records. */
static void prepare(unsigned records)
{
  model_new();
  peer_open();
  CHECK(flash(images[0]));
  for (unsigned i = 2; i < records; i += 1) {
    int result;
    journal_write_whole();
    do {
      result = journal_step();
    } while (result == PORT_BUSY);
  }
  EQUAL(power_on().outcome, BOOT_RUN_AFTER_WINDOW);
}

/* Cuts operation `n` of a flashing; returns false when the flashing had no such operation. */
static bool cut(unsigned records, unsigned n, enum model_torn torn)
{
  prepare(records);
  model.cut_at = n;
  model.torn = torn;
  model.torn_seed = n;
  const bool done = flash(images[1]);
  const bool was_cut = model.off;
  CHECK(done == !was_cut || torn == TORN_ALL);
  if (!runs_only_whole(power_on())) {
    tap_note("%u records, cut at operation %u, torn way %d", records, n, torn);
  }
  CHECK(flash(images[2]));
  EQUAL(power_on().outcome, BOOT_RUN_AFTER_WINDOW);
  EQUAL(whole_image(), 2);
  return was_cut;
}

static void every_operation_of_a_flashing(void)
{
  static const unsigned fills[] = { 2, 126, 127, 128, 256 };
  unsigned cuts = 0;
  make_images();
  for (unsigned f = 0; f < sizeof fills / sizeof fills[0]; f += 1) {
    for (unsigned torn = 0; torn < TORN_WAYS; torn += 1) {
      unsigned n = 1;
      while (cut(fills[f], n, (enum model_torn)torn)) {
        n += 1;
      }
      CHECK(n > 3 + 48 + 2);
      cuts += n - 1;
    }
  }
  tap_note("%u power cuts", cuts);
}

static void histories_of_random_cuts(void)
{
  struct random random = { tap_seed() };
  unsigned cuts = 0;
  make_images();
  model_new();
  peer_open();
  CHECK(flash(images[0]));
  struct boot_decision decision = power_on();
  for (unsigned round = 0; round < 1500; round += 1) {
    model.cut_at = random_below(&random, 4) == 0 ? 0 : 1u + random_below(&random, 60);
    model.torn = (enum model_torn)random_below(&random, TORN_WAYS);
    model.torn_seed = random_next(&random);
    const unsigned image = random_below(&random, IMAGES);
    const bool done = flash(images[image]);
    cuts += model.off;
    CHECK(done || model.off);
    decision = power_on();
    runs_only_whole(decision);
    if (done) {
      EQUAL(decision.outcome, BOOT_RUN_AFTER_WINDOW);
      EQUAL(whole_image(), image);
    }
  }
  tap_note("%u power cuts in 1500 flashings", cuts);
}

static void every_operation_of_journal_rotation(void)
{
  for (unsigned torn = 0; torn < TORN_WAYS; torn += 1) {
    for (unsigned n = 1; n < 400; n += 1) {
      model_new();
      peer_open();
      model.cut_at = n;
      model.torn = (enum model_torn)torn;
      model.torn_seed = n;
      unsigned written = 0; /* records that were taken */
      int result = PORT_OK;
      while (result == PORT_OK && !model.off) {
        const struct range hull = { AT, (written + 1u) * EXTERNAL_SECTOR };
        journal_write_begin(hull, hull);
        do {
          result = journal_step();
        } while (result == PORT_BUSY && !model.off);
        written += !model.off;
      }
      model_power_cycle();
      external_start();
      EQUAL(journal_read(), PORT_OK);
      const struct range hull = journal_state()->hull;
      const unsigned found = hull.length / EXTERNAL_SECTOR; /* records, as the last one tells */
      CHECK(found == written || (torn == TORN_ALL && found == written + 1u));
      EQUAL(journal_state()->unfinished, found > 0);
    }
  }
}

void suite_power(void)
{
  tap_test("a power cut at every operation of a flashing leaves a whole image or the bootloader",
           every_operation_of_a_flashing);
  tap_test("any history of flashings and power cuts keeps that promise", histories_of_random_cuts);
  tap_test("a power cut at every operation of the journal leaves the record before or the new one",
           every_operation_of_journal_rotation);
}
