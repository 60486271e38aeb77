/* Each error code of docs/protocol.md, section 7, from the request that must give it. */
#include <string.h>

#include "bytes.h"
#include "journal.h"
#include "model.h"
#include "peer.h"
#include "suites.h"
#include "tap.h"

#define AT 0x90100000u
#define JOURNAL 0x90FFC000u

static const struct range sector = { AT, 0x1000 };

static void fresh(void)
{
  model_new();
  peer_open();
}

static void expect(struct reply reply, uint16_t code, uint32_t detail)
{
  EQUAL(reply.result, code);
  EQUAL(reply.detail, detail);
}

/* BEGIN with any ranges. */
static struct reply begin(const struct range *ranges, uint8_t count)
{
  uint8_t payload[1 + 9 * 8] = { count };
  for (unsigned i = 0; i < count && i < 9; i += 1) {
    store_u32(payload + 1 + 8u * i, ranges[i].address);
    store_u32(payload + 5 + 8u * i, ranges[i].length);
  }
  return peer_ask(REQUEST_BEGIN, payload, 1u + 8u * count);
}

static struct reply hash(uint32_t address, uint32_t length, uint32_t block, uint8_t digest)
{
  uint8_t payload[13];
  store_u32(payload, address);
  store_u32(payload + 4, length);
  store_u32(payload + 8, block);
  payload[12] = digest;
  return peer_ask(REQUEST_HASH, payload, sizeof payload);
}

static struct reply read_flash(uint32_t address, uint16_t length)
{
  uint8_t payload[6];
  store_u32(payload, address);
  store_u16(payload + 4, length);
  return peer_ask(REQUEST_READ, payload, sizeof payload);
}

static void lengths_and_types_are_checked(void)
{
  static const uint8_t sizes[] = { [REQUEST_INFO] = 0, [REQUEST_GEOMETRY] = 0, [REQUEST_STATUS] = 0,
                                   [REQUEST_HASH] = 13, [REQUEST_READ] = 6, [REQUEST_VERIFY] = 40,
                                   [REQUEST_BOOT] = 4, [REQUEST_GET_BOOT_ADDRESS] = 0,
                                   [REQUEST_SET_BOOT_ADDRESS] = 4, [REQUEST_UNPROTECT] = 0, [REQUEST_RESET] = 0,
                                   [REQUEST_ACCESS] = 0, [REQUEST_CHALLENGE] = 0, [REQUEST_PROVE] = 178,
                                   [REQUEST_CLAIM] = 32, [REQUEST_RELEASE] = 0, [REQUEST_POLICY] = 1,
                                   [REQUEST_SIGNATURE] = 72, [REQUEST_PROTECT] = 1 };
  static const uint8_t payload[4112];
  fresh();
  for (uint8_t type = REQUEST_INFO; type <= REQUEST_PROTECT; type += 1) {
    if (type >= REQUEST_BEGIN && type <= REQUEST_COMMIT) {
      continue;
    }
    expect(peer_ask(type, payload, sizes[type] + 1u), ERROR_BAD_REQUEST, type);
    if (sizes[type] > 0) {
      expect(peer_ask(type, payload, sizes[type] - 1u), ERROR_BAD_REQUEST, type);
    }
  }
  for (unsigned type = REQUEST_PROTECT + 1u; type < 256; type += 1) {
    expect(peer_ask((uint8_t)type, NULL, 0), ERROR_BAD_REQUEST, type);
  }
  expect(peer_ask(0, NULL, 0), ERROR_BAD_REQUEST, 0);
  expect(peer_ask(REQUEST_BEGIN, payload, 0), ERROR_BAD_REQUEST, REQUEST_BEGIN);
  expect(peer_ask(REQUEST_ERASE, payload, 7), ERROR_BAD_REQUEST, REQUEST_ERASE);
  expect(peer_ask(REQUEST_ERASE, payload, 8), ERROR_ABORTED, 0);
  fresh();
  expect(peer_ask(REQUEST_WRITE, payload, 4), ERROR_BAD_REQUEST, REQUEST_WRITE);
  fresh();
  expect(peer_ask(REQUEST_WRITE, payload, 4101), ERROR_BAD_REQUEST, REQUEST_WRITE);
  fresh();
  expect(peer_ask(REQUEST_COMMIT, payload, 42), ERROR_BAD_REQUEST, REQUEST_COMMIT);
  EQUAL(model.resets, 0);
}

static void fields_are_checked(void)
{
  fresh();
  expect(read_flash(AT, 0), ERROR_BAD_REQUEST, REQUEST_READ);
  expect(read_flash(AT, 4097), ERROR_BAD_REQUEST, REQUEST_READ);
  expect(read_flash(0x8FFFFFFFu, 1), ERROR_RANGE, 0x8FFFFFFFu);
  expect(read_flash(0x90FFFFFFu, 2), ERROR_RANGE, 0x90FFFFFFu);
  expect(read_flash(0xFFFFFFFFu, 2), ERROR_RANGE, 0xFFFFFFFFu);
  EQUAL(read_flash(0x90FFF000u, 4096).result, 0);
  expect(hash(AT, 0, 4096, 32), ERROR_BAD_REQUEST, REQUEST_HASH);
  expect(hash(AT, 1, 128, 32), ERROR_BAD_REQUEST, REQUEST_HASH);
  expect(hash(AT, 1, 0, 32), ERROR_BAD_REQUEST, REQUEST_HASH);
  expect(hash(AT, 1, 768, 32), ERROR_BAD_REQUEST, REQUEST_HASH);
  expect(hash(AT, 1, 1u << 25, 32), ERROR_BAD_REQUEST, REQUEST_HASH);
  expect(hash(AT, 1, 256, 3), ERROR_BAD_REQUEST, REQUEST_HASH);
  expect(hash(AT, 1, 256, 33), ERROR_BAD_REQUEST, REQUEST_HASH);
  expect(hash(AT, 129 * 256, 256, 32), ERROR_BAD_REQUEST, REQUEST_HASH);
  EQUAL(hash(AT, 128 * 256, 256, 32).length, 2 + 4096);
  expect(hash(0x90FFFFFFu, 2, 256, 4), ERROR_RANGE, 0x90FFFFFFu);
  expect(hash(0x90000000u, 0xFFFFFFFFu, 1u << 24, 4), ERROR_RANGE, 0x90000000u);
}

static void begin_is_checked(void)
{
  static const struct range twice[2] = { { AT, 0x2000 }, { AT + 0x1000, 0x1000 } };
  static const struct range descending[2] = { { AT + 0x1000, 0x1000 }, { AT, 0x1000 } };
  static const struct range touching[2] = { { AT, 0x1000 }, { AT + 0x1000, 0x1000 } };
  static const struct range nine[9];
  fresh();
  expect(begin(twice, 2), ERROR_BAD_REQUEST, REQUEST_BEGIN);
  expect(begin(descending, 2), ERROR_BAD_REQUEST, REQUEST_BEGIN);
  expect(begin(nine, 0), ERROR_BAD_REQUEST, REQUEST_BEGIN);
  expect(begin(nine, 9), ERROR_BAD_REQUEST, REQUEST_BEGIN);
  expect(begin(&(struct range){ AT, 0 }, 1), ERROR_BAD_REQUEST, REQUEST_BEGIN);
  expect(begin(&(struct range){ AT + 0x800, 0x1000 }, 1), ERROR_ALIGNMENT, AT + 0x800);
  expect(begin(&(struct range){ AT, 0x800 }, 1), ERROR_ALIGNMENT, AT);
  expect(begin(&(struct range){ 0x90FFF000u, 0x2000 }, 1), ERROR_RANGE, 0x90FFF000u);
  expect(begin(&(struct range){ 0x8FFFF000u, 0x2000 }, 1), ERROR_RANGE, 0x8FFFF000u);
  expect(begin(&(struct range){ 0x90000000u, 0xFFFFF000u }, 1), ERROR_RANGE, 0x90000000u);
  expect(begin(&(struct range){ JOURNAL, 0x1000 }, 1), ERROR_RESERVED, JOURNAL);
  expect(begin(&(struct range){ JOURNAL - 0x1000, 0x2000 }, 1), ERROR_RESERVED, JOURNAL - 0x1000);
  EQUAL(model.operations, 0); /* nothing of that reached the journal */
  EQUAL(begin(touching, 2).result, 0);
  EQUAL(begin(&(struct range){ 0x90000000u, 0x100000 }, 1).result, 0); /* below the application region */
}

static void erase_is_checked(void)
{
  static const struct {
    uint32_t address, length;
    uint16_t code;
    uint32_t detail;
  } cases[] = {
    { AT, 0x2000, ERROR_BAD_REQUEST, REQUEST_ERASE },    { AT, 0, ERROR_BAD_REQUEST, REQUEST_ERASE },
    { AT + 4, 0x1000, ERROR_ALIGNMENT, AT + 4 },         { AT + 0x1000, 0x8000, ERROR_ALIGNMENT, AT + 0x1000 },
    { AT + 0x1000, 0x1000, ERROR_NOT_BEGUN, AT + 0x1000 }, { AT, 0x8000, ERROR_NOT_BEGUN, AT },
    { JOURNAL, 0x1000, ERROR_RESERVED, JOURNAL },        { 0x91000000u, 0x1000, ERROR_RANGE, 0x91000000u },
  };
  fresh();
  for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i += 1) {
    EQUAL(peer_begin(sector).result, 0);
    const unsigned erases = model.erases;
    expect(peer_erase(cases[i].address, cases[i].length), cases[i].code, cases[i].detail);
    expect(peer_erase(AT, 0x1000), ERROR_ABORTED, 0);
    EQUAL(model.erases, erases);
  }
}

static void write_is_checked(void)
{
  static const uint8_t data[16];
  static const struct {
    uint32_t address;
    uint16_t code;
  } cases[] = { { AT + 0xFF8, ERROR_NOT_BEGUN },
                { AT - 1, ERROR_NOT_BEGUN },
                { JOURNAL, ERROR_RESERVED },
                { JOURNAL - 8, ERROR_RESERVED },
                { 0x90FFFFF8u, ERROR_RANGE } };
  fresh();
  for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i += 1) {
    EQUAL(peer_begin(sector).result, 0);
    const unsigned programs = model.programs;
    expect(peer_write(cases[i].address, data, sizeof data), cases[i].code, cases[i].address);
    expect(peer_write(AT, data, sizeof data), ERROR_ABORTED, 0);
    EQUAL(model.programs, programs);
  }
  EQUAL(peer_hello(4).result, 0);
  expect(peer_write(AT, data, sizeof data), ERROR_NOT_BEGUN, AT); /* HELLO ends ABORTED, too */
}

static void a_refused_begin_leaves_none_open(void)
{
  fresh();
  EQUAL(peer_begin(sector).result, 0);
  expect(peer_begin((struct range){ AT + 1, 0x1000 }), ERROR_ALIGNMENT, AT + 1);
  expect(peer_erase(AT, 0x1000), ERROR_NOT_BEGUN, AT);
}

static void commit_is_checked(void)
{
  static const struct range two[2] = { { AT, 0x1000 }, { AT + 0x4000, 0x1000 } };
  uint8_t payload[1 + 2 * 40] = { 2 };
  fresh();
  expect(peer_commit(sector, model_flash), ERROR_NOT_BEGUN, AT);
  EQUAL(peer_begin(sector).result, 0);
  expect(peer_commit((struct range){ AT + 0x1000, 0x1000 }, model_flash), ERROR_NOT_BEGUN, AT + 0x1000);
  EQUAL(begin(two, 2).result, 0);
  for (unsigned i = 0; i < 2; i += 1) {
    store_u32(payload + 1 + 40u * i, two[i].address);
    store_u32(payload + 5 + 40u * i, two[i].length);
    model_sha256(model_flash + 0x100000, 0x1000, payload + 9 + 40u * i);
  }
  payload[80] ^= 1;
  expect(peer_ask(REQUEST_COMMIT, payload, sizeof payload), ERROR_VERIFY_FAILED, two[1].address);
  CHECK(journal_state()->unfinished);
  payload[80] ^= 1;
  expect(peer_ask(REQUEST_COMMIT, payload, sizeof payload), ERROR_ABORTED, 0);
  EQUAL(begin(two, 2).result, 0);
  EQUAL(peer_ask(REQUEST_COMMIT, payload, sizeof payload).result, 0);
  CHECK(!journal_state()->unfinished);
  expect(peer_ask(REQUEST_COMMIT, payload, sizeof payload), ERROR_NOT_BEGUN, AT);
}

static void a_missing_chip_is_told(void)
{
  static const struct {
    int start;
    uint16_t code;
    uint32_t detail;
  } cases[] = { { PORT_ERROR_NO_FLASH, ERROR_NO_FLASH, 0xFFFFFF },
                { PORT_ERROR_UNKNOWN, ERROR_UNKNOWN_FLASH, 0xEF4018 } };
  for (unsigned i = 0; i < 2; i += 1) {
    model_new();
    model.start_result = cases[i].start;
    EQUAL(peer_restart().reason, REASON_NO_FLASH);
    EQUAL(peer_hello(0).result, 0);
    expect(peer_ask(REQUEST_GEOMETRY, NULL, 0), cases[i].code, cases[i].detail);
    expect(read_flash(AT, 1), cases[i].code, cases[i].detail);
    expect(peer_begin(sector), cases[i].code, cases[i].detail);
    expect(peer_ask_address(REQUEST_BOOT, AT), cases[i].code, cases[i].detail);
    EQUAL(peer_ask(REQUEST_STATUS, NULL, 0).result, 0);
    const struct reply info = peer_ask(REQUEST_INFO, NULL, 0);
    EQUAL(info.payload[2 + 6 + 9 + 12 + 8], REASON_NO_FLASH);
    EQUAL(peer_ask(REQUEST_GET_BOOT_ADDRESS, NULL, 0).result, 0);
  }
}

static void a_chip_that_does_not_fit_is_not_used(void)
{
  model_new();
  model.smallest_erase = 65536;
  EQUAL(peer_restart().reason, REASON_NO_FLASH);
  EQUAL(peer_hello(0).result, 0);
  expect(peer_begin(sector), ERROR_UNKNOWN_FLASH, 0xEF4018);
  model_new();
  model.size = 0x80000; /* the journal and the application region lie behind its end */
  EQUAL(peer_restart().reason, REASON_UNFINISHED);
  EQUAL(peer_hello(0).result, 0);
  expect(peer_begin((struct range){ 0x90000000u, 0x1000 }), ERROR_UNKNOWN_FLASH, 0xEF4018);
  expect(peer_ask_address(REQUEST_BOOT, AT), ERROR_UNFINISHED, 0);
  EQUAL(model.operations, 0);
}

static void protection_is_told_and_lifted(void)
{
  static const uint8_t cases[][3] = { { 0x04, 2, 0x60 }, { 0x10, 2, 0x60 }, { 0, 0x42, 0x60 }, { 0, 2, 0x64 } };
  for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i += 1) {
    fresh();
    memcpy(model.status, cases[i], 3);
    const uint32_t bits = cases[i][0] | (uint32_t)cases[i][1] << 8 | (uint32_t)cases[i][2] << 16;
    expect(peer_begin(sector), ERROR_WRITE_PROTECTED, bits);
    EQUAL(model.operations, 0);
    model.unprotectable = true;
    expect(peer_ask(REQUEST_UNPROTECT, NULL, 0), ERROR_WRITE_PROTECTED, bits);
    model.unprotectable = false;
    EQUAL(peer_ask(REQUEST_UNPROTECT, NULL, 0).result, 0);
    EQUAL(peer_begin(sector).result, 0);
  }
}

static void flash_that_does_not_take_it_is_told(void)
{
  static const uint8_t data[1000] = { [900] = 1 };
  fresh();
  EQUAL(peer_begin(sector).result, 0);
  model.stuck = 0x100123;
  expect(peer_erase(AT, 0x1000), ERROR_ERASE_FAILED, AT + 0x123);
  EQUAL(peer_begin(sector).result, 0);
  model.stuck = UINT32_MAX;
  EQUAL(peer_erase(AT, 0x1000).result, 0);
  EQUAL(peer_write(AT, data, sizeof data).result, 0);
  uint8_t other[1000];
  memcpy(other, data, sizeof other);
  other[900] = 3; /* bit 1 was cleared before */
  expect(peer_write(AT, other, sizeof other), ERROR_WRITE_FAILED, AT + 900);
  EQUAL(peer_begin(sector).result, 0);
  model.poll_error = PORT_ERROR_TIMEOUT;
  expect(peer_write(AT + 250, data, 20), ERROR_FLASH_TIMEOUT, AT + 250);
  expect(peer_begin(sector), ERROR_FLASH_TIMEOUT, JOURNAL + 3 * 32);
  model.poll_error = PORT_ERROR_BUS;
  expect(peer_begin(sector), ERROR_INTERNAL, 7);
  model.poll_error = PORT_OK;
  model.read_error = PORT_ERROR_BUS;
  expect(read_flash(AT, 4), ERROR_INTERNAL, 7);
  expect(hash(AT, 4096, 256, 4), ERROR_INTERNAL, 7);
  model.read_error = 0;
  model.stuck = 0xFFC000 + 5 * 32 + 8; /* in the state of the journal's next record */
  expect(peer_begin(sector), ERROR_WRITE_FAILED, JOURNAL + 5 * 32);
  model.stuck = UINT32_MAX;
  EQUAL(peer_begin(sector).result, 0);
}

static void booting_is_refused_with_the_reason(void)
{
  fresh();
  expect(peer_ask_address(REQUEST_BOOT, AT), ERROR_NOT_BOOTABLE, AT);
  expect(peer_ask_address(REQUEST_BOOT, 0), ERROR_NOT_BOOTABLE, AT);
  expect(peer_ask_address(REQUEST_BOOT, 0x900FFC00u), ERROR_RANGE, 0x900FFC00u);
  expect(peer_ask_address(REQUEST_SET_BOOT_ADDRESS, 0x900FFC00u), ERROR_RANGE, 0x900FFC00u);
  expect(peer_ask_address(REQUEST_SET_BOOT_ADDRESS, JOURNAL), ERROR_RANGE, JOURNAL);
  expect(peer_ask_address(REQUEST_SET_BOOT_ADDRESS, AT + 512), ERROR_ALIGNMENT, AT + 512);
  EQUAL(peer_begin(sector).result, 0);
  expect(peer_ask_address(REQUEST_BOOT, AT), ERROR_UNFINISHED, AT);
  EQUAL(model.resets, 0);
}

static void the_log_tells_when_it_is_full_or_refuses(void)
{
  fresh();
  model.log_refuses = true;
  expect(peer_ask_address(REQUEST_SET_BOOT_ADDRESS, AT + 1024), ERROR_LOG_FAILED, 0x40000);
  model.log_refuses = false;
  for (uint32_t i = 1; i < PORT_LOG_WORDS; i += 1) {
    model_log[i][0] = 0;
  }
  model_new();
  memset(model_log[PORT_LOG_WORDS - 2], 0, 32);
  peer_open();
  EQUAL(peer_ask_address(REQUEST_SET_BOOT_ADDRESS, AT + 1024).result, 0);
  expect(peer_ask_address(REQUEST_SET_BOOT_ADDRESS, AT), ERROR_LOG_FULL, PORT_LOG_WORDS);
  EQUAL(peer_ask_address(REQUEST_SET_BOOT_ADDRESS, AT + 1024).result, 0); /* what is stored writes nothing */
  const struct reply reply = peer_ask(REQUEST_GET_BOOT_ADDRESS, NULL, 0);
  EQUAL(load_u32(reply.payload + 2), AT + 1024);
  EQUAL(load_u16(reply.payload + 6), 0);
}

void suite_errors(void)
{
  tap_test("every request has its length checked, and unknown types are refused", lengths_and_types_are_checked);
  tap_test("READ and HASH check their fields and ranges", fields_are_checked);
  tap_test("BEGIN checks order, alignment, chip and reserved regions", begin_is_checked);
  tap_test("ERASE checks size, alignment and BEGIN, and aborts what follows", erase_is_checked);
  tap_test("WRITE checks its range, and aborts what follows", write_is_checked);
  tap_test("a refused BEGIN leaves none open", a_refused_begin_leaves_none_open);
  tap_test("COMMIT checks ranges and digests", commit_is_checked);
  tap_test("a chip that is missing or unknown is told with its JEDEC id", a_missing_chip_is_told);
  tap_test("a chip that is too small or erases too coarsely is not used", a_chip_that_does_not_fit_is_not_used);
  tap_test("write protection is told with the status registers, and can be lifted", protection_is_told_and_lifted);
  tap_test("flash that does not take an operation is told with the address", flash_that_does_not_take_it_is_told);
  tap_test("BOOT and SET_BOOT_ADDRESS are refused with the reason", booting_is_refused_with_the_reason);
  tap_test("the log tells when it is full or refuses", the_log_tells_when_it_is_full_or_refuses);
}
