#include <string.h>

#include "bootloader.h"
#include "bytes.h"
#include "model.h"
#include "peer.h"
#include "suites.h"
#include "tap.h"

#define AT 0x90100000u
#define END 0x90FFC000u

/* The table of section 8, written a second time and another way: the first row that applies. */
static struct boot_decision by_the_table(const struct boot_facts *facts, bool inside, bool plausible)
{
  const bool run_request = facts->request == 0x4C464D52u;
  if (facts->request == 0x4C464D50u) {
    return (struct boot_decision){ BOOT_STAY, REASON_REQUEST, 0, facts->request_address == 1u || !facts->host };
  }
  const enum boot_reason reasons[] = {
    facts->request == 0x4C464D53u ? REASON_REQUEST : REASON_NONE,
    facts->request == 0x4C464D46u ? REASON_FAULT : REASON_NONE,
    !facts->flash ? REASON_NO_FLASH : REASON_NONE,
    facts->unfinished ? REASON_UNFINISHED : REASON_NONE,
    !inside ? REASON_ADDRESS : REASON_NONE,
    !plausible ? REASON_NOT_BOOTABLE : REASON_NONE,
  };
  for (unsigned i = 0; i < sizeof reasons / sizeof reasons[0]; i += 1) {
    if (reasons[i] != REASON_NONE) {
      return (struct boot_decision){ BOOT_STAY, reasons[i], 0, false };
    }
  }
  return (struct boot_decision){ !run_request && facts->host ? BOOT_RUN_AFTER_WINDOW : BOOT_RUN, REASON_NONE,
                                 run_request ? facts->request_address : facts->stored, false };
}

static void the_decision_is_the_table(void)
{
  static const uint32_t requests[] = { 0, 0x4C464D53u, 0x4C464D46u, 0x4C464D52u, 0x4C464D50u, 0xFFFFFFFFu };
  static const uint32_t addresses[] = { AT, AT + 0x400, END - 0x400, END, AT - 0x400, 0, 1, 0xFFFFFFFFu };
  for (unsigned i = 0; i < 6u * 8u * 8u * 32u; i += 1) {
    const uint32_t request = requests[i % 6u];
    const unsigned bits = i / 6u / 64u;
    struct boot_facts facts = {
      .request = request,
      .request_address = addresses[i / 6u % 8u],
      .flash = (bits & 1u) != 0,
      .unfinished = (bits & 2u) != 0,
      .stored = addresses[i / 48u % 8u],
      .vectors_read = (bits & 4u) != 0,
      .stack = (bits & 8u) != 0 ? 0x20020000u : 0xFFFFFFFFu,
      .reset = AT + 0x101,
      .host = (bits & 16u) != 0,
    };
    const uint32_t address = request == 0x4C464D52u ? facts.request_address : facts.stored;
    const bool inside = address >= AT && address < END;
    const struct boot_decision expected = by_the_table(&facts, inside, (bits & 12u) == 12u);
    const struct boot_decision found = boot_judge(&facts);
    EQUAL(found.outcome, expected.outcome);
    EQUAL(found.reason, expected.reason);
    EQUAL(found.address, expected.address);
    EQUAL(found.probe, expected.probe);
  }
}

static void plausible_is_as_documented(void)
{
  static const uint32_t good[] = { 0x20000000u, 0x20020000u, 0x2001FFF8u, 0x24080000u, 0x30020000u,
                                   0x30048000u, 0x38010000u, 0x24000008u };
  static const uint32_t bad[] = { 0x20020008u, 0x20020004u, 0x2001FFFCu, 0, 0xFFFFFFFFu, 0x1FFFFFF8u, 0x24080008u,
                                  0x30048008u, 0x38010008u, 0x08000000u, 0x90100000u, 0x2FFFFFF8u };
  static const uint32_t bad_reset[] = { AT + 0x100, AT - 1, END + 1, 0, 0xFFFFFFFFu, 0x08000101u };
  for (unsigned i = 0; i < sizeof good / sizeof good[0]; i += 1) {
    CHECK(boot_plausible(AT, good[i], AT + 0x101));
  }
  for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i += 1) {
    CHECK(!boot_plausible(AT, bad[i], AT + 0x101));
  }
  for (unsigned i = 0; i < sizeof bad_reset / sizeof bad_reset[0]; i += 1) {
    CHECK(!boot_plausible(AT, 0x20020000u, bad_reset[i]));
  }
  CHECK(boot_plausible(AT, 0x20020000u, END - 1u));
  CHECK(boot_plausible(AT, 0x20020000u, AT + 1u));
  CHECK(!boot_plausible(AT + 0x200, 0x20020000u, AT + 0x101));
}

static void plant(void)
{
  store_u32(model_flash + 0x100000, 0x20020000u);
  store_u32(model_flash + 0x100004, AT + 0x401);
}

/* A board with an application, and a host attached. */
static void start_window(void)
{
  model_new();
  plant();
  model.configured = false;
  const struct boot_decision decision = peer_restart();
  EQUAL(decision.outcome, BOOT_RUN_AFTER_WINDOW);
  EQUAL(decision.address, AT);
}

static void pass(uint32_t ms)
{
  for (uint32_t i = 0; i < ms; i += 1) {
    model.millis += 1;
    bootloader_poll();
    bootloader_poll();
  }
}

static void expect_run(void)
{
  EQUAL(model.resets, 1);
  EQUAL(model.backup[PORT_BACKUP_REQUEST], BACKUP_RUN);
  EQUAL(model.backup[PORT_BACKUP_ADDRESS], AT);
  EQUAL(peer_restart().outcome, BOOT_RUN);
}

static void without_configuration_the_window_is_a_second(void)
{
  start_window();
  pass(999);
  EQUAL(model.resets, 0);
  model.millis += 1;
  bootloader_poll();
  bootloader_poll();
  expect_run();
}

static void configuration_starts_the_window_anew(void)
{
  start_window();
  pass(900);
  model.configured = true;
  bootloader_poll();
  pass(999);
  EQUAL(model.resets, 0);
  model.millis += 1;
  bootloader_poll();
  bootloader_poll();
  expect_run();
}

static void hello_ends_the_window(void)
{
  start_window();
  model.configured = true;
  pass(999);
  EQUAL(peer_hello(0).result, 0);
  pass(5000);
  EQUAL(model.resets, 0);
  const struct reply info = peer_ask(REQUEST_INFO, NULL, 0);
  EQUAL(info.payload[2 + 6 + 9 + 12 + 8], REASON_HOST);
}

static void other_bytes_do_not_end_the_window(void)
{
  start_window();
  peer_send(REQUEST_INFO, 0, NULL, 0);
  peer_send(REQUEST_HELLO, 0, (const uint8_t *)"nonsense", 8);
  pass(1000);
  CHECK(model.resets > 0);
}

static void a_request_is_read_once(void)
{
  model_new();
  plant();
  model.backup[PORT_BACKUP_REQUEST] = BACKUP_STAY;
  model.backup[PORT_BACKUP_ADDRESS] = 5;
  EQUAL(peer_restart().reason, REASON_REQUEST);
  EQUAL(model.backup[PORT_BACKUP_REQUEST], 0);
  EQUAL(model.backup[PORT_BACKUP_ADDRESS], 0);
  model.host = false;
  EQUAL(peer_restart().outcome, BOOT_RUN);
}

void suite_boot(void)
{
  tap_test("the boot decision is the table of section 8, for every combination of facts", the_decision_is_the_table);
  tap_test("vector tables are plausible exactly as documented", plausible_is_as_documented);
  tap_test("without configuration the window is 1000 ms", without_configuration_the_window_is_a_second);
  tap_test("configuration gives HELLO another 1000 ms", configuration_starts_the_window_anew);
  tap_test("HELLO within the window keeps the bootloader", hello_ends_the_window);
  tap_test("other bytes do not end the window", other_bytes_do_not_end_the_window);
  tap_test("a request in the backup registers is obeyed once", a_request_is_read_once);
}
