#include "probe.h"

#include <string.h>

#include "board.h"
#include "placement.h"

/* Large: debuggers look for a core that has stopped ten times a second, and each bufferful costs one such look. */
#define IN_SIZE (128u * 1024u)
#define OUT_SIZE 16384u
#define TABLE_MAGIC 0x50464D49u /* "IMFP" */
#define TABLE_VERSION 1u

static uint8_t in_bytes[IN_SIZE] AXI_SRAM;
static uint8_t out_bytes[OUT_SIZE] DTCM_BUFFER;

static struct {
  bool serves;
  size_t in_first; /* bytes before it were read */
  size_t in_end;
  size_t out_end;
} pipe;

/* Addresses of instructions, without the Thumb bit. */
extern const uint8_t probe_done[];
extern const uint8_t probe_go[];

/* Read by debuggers, whatever the chip runs. */
struct probe_table {
  uint32_t magic;
  uint16_t version;
  uint16_t size;
  const uint8_t *done;
  const uint8_t *go;
  const uint8_t *in;
  uint32_t in_size;
  const uint8_t *out;
  uint32_t out_size;
  uint32_t flash_base;
  uint32_t flash_size; /* as the board's file has it */
  uint32_t application_address;
  uint32_t application_length;
  uint32_t request_register; /* RTC_BKPxR: the first of those for requests */
  uint32_t reserved_count;
  uint32_t reserved[BOARD_RESERVED_COUNT][2];
};

__attribute__((section(".probe_table"), used)) static const struct probe_table table = {
  .magic = TABLE_MAGIC,
  .version = TABLE_VERSION,
  .size = sizeof table,
  .done = probe_done,
  .go = probe_go,
  .in = in_bytes,
  .in_size = IN_SIZE,
  .out = out_bytes,
  .out_size = OUT_SIZE,
  .flash_base = BOARD_FLASH_BASE,
  .flash_size = BOARD_FLASH_SIZE,
  .application_address = BOARD_APPLICATION_ADDRESS,
  .application_length = BOARD_APPLICATION_LENGTH,
  .request_register = BOARD_BACKUP_REGISTER,
  .reserved_count = BOARD_RESERVED_COUNT,
  .reserved = BOARD_RESERVED,
};

/*
 * The probe's breakpoint stands at `probe_done`: r0 holds the number of bytes for it, r1 how many it may bring. It lets
 * the core go on at `probe_go`, with the number of bytes that it brings in r0: two addresses, because a core does not
 * get past a breakpoint at the instruction where it stands. Without a probe nothing comes.
 */
__attribute__((naked, noipa)) static uint32_t meet(uint32_t bytes __attribute__((unused)),
                                                   uint32_t room __attribute__((unused)))
{
  __asm volatile(".global probe_done\n"
                 ".global probe_go\n"
                 "probe_done: movs r0, #0\n"
                 "probe_go: bx lr\n" ::
                     : "memory");
}

void probe_start(void)
{
  pipe.serves = true;
}

bool probe_serves(void)
{
  return pipe.serves;
}

void probe_exchange(void)
{
  /* What came last is still there when the answers to it had no room. */
  const uint32_t room = pipe.in_first == pipe.in_end ? IN_SIZE : 0;
  const uint32_t brought = meet((uint32_t)pipe.out_end, room);
  pipe.out_end = 0;
  if (brought != 0 && brought <= room) {
    pipe.in_first = 0;
    pipe.in_end = brought;
  }
}

size_t probe_read(uint8_t *bytes, size_t size)
{
  const size_t left = pipe.in_end - pipe.in_first;
  const size_t taken = size < left ? size : left;
  memcpy(bytes, in_bytes + pipe.in_first, taken);
  pipe.in_first += taken;
  return taken;
}

size_t probe_write(const uint8_t *bytes, size_t size)
{
  const size_t room = OUT_SIZE - pipe.out_end;
  const size_t taken = size < room ? size : room;
  memcpy(out_bytes + pipe.out_end, bytes, taken);
  pipe.out_end += taken;
  return taken;
}

bool probe_drained(void)
{
  return pipe.out_end == 0;
}
