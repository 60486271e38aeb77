/*
 * What comes over the cable may be anything: the core gets frames that are right and whose payload is not, frames
 * that are damaged, and noise. Whatever comes, every answer is well formed, the port is used as port.h says (model.c
 * aborts otherwise), the work ends, and the sanitizers are silent.
 *
 *   fuzz SEED COUNT      COUNT inputs, in boards of EPOCH inputs each; a board's seed is printed when it fails
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "bootloader.h"
#include "bytes.h"
#include "frame.h"
#include "model.h"
#include "protocol.h"
#include "tap.h"

#define EPOCH 4096u
#define FRAMES_MAX 4u
#define POLLS_MAX 400000
#define IDLE_POLLS 8
#define REQUEST_LAST 0x3Cu /* a little beyond the last request */
#define REGION_BYTES 0x8000u /* most requests name something in so many bytes: what is large is slow, not different */

static struct random draw;
static uint64_t epoch_seed;
static unsigned long long answers[256]; /* without an error, by type */
static unsigned long long refusals, events, restarts;

static void died(int number)
{
  fprintf(stderr, "signal %d in the board of seed %llu: fuzz %llu %u repeats it\n", number,
          (unsigned long long)epoch_seed, (unsigned long long)epoch_seed, EPOCH);
  signal(number, SIG_DFL);
  raise(number);
}

static void must(bool holds, const char *what)
{
  if (!holds) {
    fprintf(stderr, "%s\n", what);
    abort();
  }
}

static uint32_t some_length(void)
{
  static const uint32_t lengths[] = { 0, 1, 2, 3, 4, 255, 256, 257, 4095, 4096, 4097, 8192, 0x8000, 0x10000,
                                      0x7FFFFFFFu, 0x80000000u, 0xFFFFFFFFu, 0xFFFFF000u };
  return random_below(&draw, 4) == 0 ? random_below(&draw, REGION_BYTES)
                                     : lengths[random_below(&draw, sizeof lengths / sizeof lengths[0])];
}

static uint32_t some_address(void)
{
  static const uint32_t addresses[] = { BOARD_APPLICATION_ADDRESS, BOARD_JOURNAL_ADDRESS,
                                        BOARD_JOURNAL_ADDRESS - 4096u, BOARD_FLASH_BASE,
                                        BOARD_FLASH_BASE + MODEL_FLASH_SIZE - 4096u,
                                        BOARD_FLASH_BASE + MODEL_FLASH_SIZE - 1u, 0xFFFFF000u, 0 };
  const uint32_t chosen = random_below(&draw, 4);
  if (chosen == 0) {
    return addresses[random_below(&draw, sizeof addresses / sizeof addresses[0])];
  }
  const uint32_t sector = BOARD_APPLICATION_ADDRESS + 4096u * random_below(&draw, REGION_BYTES / 4096u);
  return chosen == 1 ? sector + random_below(&draw, 4096) : sector;
}

static size_t add_u32(uint8_t *payload, size_t at, uint32_t value)
{
  store_u32(payload + at, value);
  return at + 4u;
}

static size_t add_noise(uint8_t *payload, size_t at, size_t count)
{
  for (size_t i = 0; i < count; i += 1) {
    payload[at + i] = (uint8_t)random_next(&draw);
  }
  return at + count;
}

/* `count` ranges, with `digest` bytes behind each. */
static size_t add_ranges(uint8_t *payload, size_t digest)
{
  const uint32_t count = random_below(&draw, 10);
  size_t length = 1;
  payload[0] = (uint8_t)count;
  uint32_t address = some_address() & ~4095u;
  for (uint32_t i = 0; i < count; i += 1) {
    const uint32_t size = random_below(&draw, 8) == 0 ? some_length() : 4096u * (1u + random_below(&draw, 2));
    length = add_u32(payload, length, address);
    length = add_u32(payload, length, size);
    length = add_noise(payload, length, digest);
    address += size + 4096u * random_below(&draw, 2);
  }
  return length;
}

static uint8_t begun[1 + 8 * 16];

static size_t remember(const uint8_t *payload, size_t length)
{
  memcpy(begun, payload, length);
  return length;
}

/* Of the ranges that BEGIN named last, with the digests that they really have: where they lie on the chip at all. */
static size_t add_commit(uint8_t *payload)
{
  payload[0] = begun[0];
  size_t length = 1;
  for (size_t i = 0; i < begun[0]; i += 1) {
    const uint32_t offset = load_u32(begun + 1 + 8 * i) - BOARD_FLASH_BASE;
    const uint32_t size = load_u32(begun + 5 + 8 * i);
    memcpy(payload + length, begun + 1 + 8 * i, 8);
    if (size <= 65536u && offset <= MODEL_FLASH_SIZE - size) {
      model_sha256(model_flash + offset, size, payload + length + 8);
    }
    length += 40u;
  }
  return length;
}

/* The payload as the request's row in section 5 has it, with values that are nearly right. */
static size_t some_payload(uint8_t type, uint8_t *payload)
{
  static const uint8_t hello[8] = { 'I', 'M', 'F', 'L', 1, 0, 1, 0 };
  size_t length = 0;
  switch (type) {
  case REQUEST_HELLO:
    memcpy(payload, hello, sizeof hello);
    return sizeof hello;
  case REQUEST_HASH:
    length = add_u32(payload, add_u32(payload, 0, some_address()), some_length());
    length = add_u32(payload, length, random_below(&draw, 8) == 0 ? random_next(&draw) : 256u << random_below(&draw, 8));
    payload[length] = (uint8_t)random_below(&draw, 40);
    return length + 1u;
  case REQUEST_READ:
    length = add_u32(payload, 0, some_address());
    store_u16(payload + length, (uint16_t)some_length());
    return length + 2u;
  case REQUEST_VERIFY:
    length = add_u32(payload, add_u32(payload, 0, some_address()), some_length());
    return add_noise(payload, length, 32);
  case REQUEST_BEGIN:
    return remember(payload, add_ranges(payload, 0));
  case REQUEST_COMMIT:
    return random_below(&draw, 2) == 0 ? add_commit(payload) : add_ranges(payload, 32);
  case REQUEST_ERASE:
    return add_u32(payload, add_u32(payload, 0, some_address()), random_below(&draw, 2) == 0 ? 4096u : some_length());
  case REQUEST_WRITE:
    return add_noise(payload, add_u32(payload, 0, some_address()), random_below(&draw, 16) == 0 ? 4096 : random_below(&draw, 300));
  case REQUEST_KEEP:
    length = add_u32(payload, 0, some_address());
    store_u16(payload + length, (uint16_t)(random_below(&draw, 2) == 0 ? 0 : 1u << random_below(&draw, 3)));
    payload[length + 2u] = (uint8_t)(random_below(&draw, 4) == 0 ? 255u : random_below(&draw, random_below(&draw, 4) == 0 ? 18 : 2));
    return length + 3u;
  case REQUEST_STAGE:
    return add_noise(payload, add_u32(payload, 0, random_below(&draw, 0x11000)), random_below(&draw, 300));
  case REQUEST_UPDATE:
    length = add_u32(payload, 0, 4u * random_below(&draw, 0x4400));
    payload[length] = (uint8_t)random_below(&draw, 3);
    return add_noise(payload, length + 1u, 32);
  case REQUEST_BOOT:
  case REQUEST_SET_BOOT_ADDRESS:
    return add_u32(payload, 0, some_address());
  default:
    return random_below(&draw, 4) != 0 ? 0 : add_noise(payload, 0, random_below(&draw, 200));
  }
}

static uint8_t sequence;

static uint8_t some_type(void)
{
  const uint8_t type = (uint8_t)(1u + random_below(&draw, REQUEST_LAST));
  if (random_below(&draw, 3) == 0) {
    return (uint8_t)(REQUEST_BEGIN + random_below(&draw, REQUEST_COMMIT - REQUEST_BEGIN + 1u));
  }
  /* What ends the session often, or for good, would hide everything else. */
  const bool ends = type == REQUEST_RESET || type == REQUEST_PROTECT || type == REQUEST_CLAIM;
  return ends && random_below(&draw, 32) != 0 ? (uint8_t)REQUEST_BEGIN : type;
}

/* A frame that is right, or only its payload is not. */
static size_t some_frame(uint8_t *wire, uint8_t type)
{
  static uint8_t frame[FRAME_MAX];
  uint8_t *payload = frame + FRAME_HEADER;
  size_t length = some_payload(type, payload);
  const uint32_t damage = random_below(&draw, 16);
  if (damage == 0 && length > 0) {
    payload[random_below(&draw, (uint32_t)length)] ^= (uint8_t)(1u << random_below(&draw, 8));
  } else if (damage == 1) {
    length = random_below(&draw, (uint32_t)length + 1u);
  } else if (damage == 2) {
    length = add_noise(payload, length, random_below(&draw, 8));
  }
  if (type == REQUEST_HELLO) {
    sequence = (uint8_t)random_next(&draw);
  } else {
    sequence = (uint8_t)(sequence + (random_below(&draw, 64) == 0 ? 2 : 1));
  }
  return frame_encode(frame, frame_finish(frame, type, sequence, length), wire);
}

/* Damage on the way: bits, bytes lost, bytes doubled. */
static size_t damage_wire(uint8_t *wire, size_t size)
{
  const size_t at = random_below(&draw, (uint32_t)size);
  switch (random_below(&draw, 4)) {
  case 0:
    wire[at] ^= (uint8_t)(1u << random_below(&draw, 8));
    return size;
  case 1:
    memmove(wire + at, wire + at + 1, size - at - 1u);
    return size - 1u;
  case 2:
    memmove(wire + at + 1, wire + at, size - at);
    return size + 1u;
  default:
    return at;
  }
}

static size_t some_input(uint8_t *input)
{
  size_t size = random_below(&draw, 2) == 0 ? 0 : some_frame(input, REQUEST_HELLO);
  const uint32_t frames = 1u + random_below(&draw, FRAMES_MAX);
  for (uint32_t i = 0; i < frames; i += 1) {
    const uint32_t kind = random_below(&draw, 32);
    if (kind == 0) {
      size = add_noise(input, size, random_below(&draw, 64));
      continue;
    }
    const size_t length = some_frame(input + size, some_type());
    size += kind == 1 ? damage_wire(input + size, length) : length;
  }
  return size;
}

static void check_answer(const uint8_t *frame, size_t size)
{
  must(size >= FRAME_HEADER + 2u + FRAME_CRC, "an answer without a result");
  must((frame[0] & PROTOCOL_ANSWER) != 0, "an answer without bit 7");
  const uint16_t result = load_u16(frame + FRAME_HEADER);
  events += frame[0] == PROTOCOL_EVENT ? 1u : 0u;
  answers[frame[0]] += result == 0 ? 1u : 0u;
  refusals += result != 0 ? 1u : 0u;
  if (result != 0) {
    const uint8_t text = frame[FRAME_HEADER + 6];
    must(text <= PROTOCOL_TEXT_MAX, "a sentence that is too long");
    must(size == FRAME_HEADER + 7u + text + FRAME_CRC, "an error that is longer or shorter than its sentence");
  }
}

static void check_answers(void)
{
  static uint8_t frame[FRAME_MAX];
  struct frame_decoder decoder;
  for (size_t at = 0; at < model.to_pc;) {
    enum frame_event event;
    frame_decoder_start(&decoder, frame);
    at += frame_decode(&decoder, model_to_pc + at, model.to_pc - at, &event);
    must(event == FRAME_GOOD, "what the board sent is no frame");
    check_answer(frame, decoder.used);
  }
}

static void work(void)
{
  int idle = 0;
  int polls = 0;
  while (idle < IDLE_POLLS) {
    const bool busy = model.busy > 0;
    idle = bootloader_poll() || busy ? 0 : idle + 1;
    polls += 1;
    model.millis += (polls & 63) == 0 ? 1u : 0u;
    must(polls < POLLS_MAX, "the work does not end");
  }
}

static void restart(void)
{
  restarts += 1;
  model.busy = 0;
  model.backup[PORT_BACKUP_REQUEST] = BACKUP_STAY;
  bootloader_start(bootloader_decide());
}

static void one(void)
{
  const unsigned resets = model.resets;
  model.to_board_read = 0;
  model.to_pc = 0;
  model.to_board = some_input(model_to_board);
  work();
  check_answers();
  if (model.resets != resets) {
    restart();
  } else if (random_below(&draw, 256) == 0) {
    model.generation += 1; /* the cable */
  }
}

int main(int argc, char **argv)
{
  if (argc != 3) {
    fprintf(stderr, "usage: fuzz SEED COUNT\n");
    return 2;
  }
  signal(SIGABRT, died);
  const uint64_t seed = strtoull(argv[1], NULL, 10);
  const unsigned long long count = strtoull(argv[2], NULL, 10);
  for (unsigned long long i = 0; i < count; i += 1) {
    if (i % EPOCH == 0) {
      epoch_seed = seed + i / EPOCH;
      draw.state = epoch_seed * 0x9E3779B97F4A7C15u + 1u;
      model_new();
      restart();
    }
    one();
  }
  for (unsigned type = 0; type < 256; type += 1) {
    if (answers[type] > 0) {
      printf("request 0x%02x: %llu answers without an error\n", type & ~PROTOCOL_ANSWER, answers[type]);
    }
  }
  printf("%llu inputs, %llu refusals, %llu events, %llu restarts\n", count, refusals, events, restarts);
  return 0;
}
