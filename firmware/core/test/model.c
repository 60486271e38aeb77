#include "model.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "external.h"
#include "tap.h"

struct model model;
uint8_t model_flash[MODEL_FLASH_SIZE];
static uint8_t model_noisy[MODEL_FLASH_SIZE / MODEL_PAGE];
uint8_t model_log[PORT_LOG_WORDS][PORT_LOG_WORD_SIZE];
bool model_log_bad[PORT_LOG_WORDS];
uint8_t model_image[PORT_SECTOR_IMAGE_MAX];
uint8_t model_to_board[MODEL_PIPE];
uint8_t model_to_pc[MODEL_PIPE];

static const uint8_t unique_id[12] = { 0x2f, 0, 0x3e, 0, 0x0f, 0x51, 0x35, 0x30, 0x33, 0x32, 0x39, 0x37 };
static EVP_MD_CTX *sha;

/* Without power nothing runs; what polls without end must still come to one. More than any test of a session polls. */
#define POLLS_OFF 1000000u

/* Of a page whose operation was cut off in the middle. */
#define NOISY_READS 3u

/* A driver would do harm on the chip here: the core broke port.h. */
static void must(bool holds, const char *what)
{
  if (!holds) {
    printf("# the core broke port.h: %s\n", what);
    fflush(stdout);
    abort();
  }
}

void model_new(void)
{
  memset(model_flash, 0xFF, sizeof model_flash);
  memset(model_noisy, 0, sizeof model_noisy);
  memset(model_log, 0xFF, sizeof model_log);
  memset(model_log_bad, 0, sizeof model_log_bad);
  memset(&model, 0, sizeof model);
  model.reset_cause = 0x00FE0000u;
  model_power_cycle();
}

void model_power_cycle(void)
{
  const struct model old = model;
  model = (struct model){
    .host = true,
    .configured = true,
    .generation = old.generation + 1u,
    .reset_cause = old.reset_cause,
    .rdp = old.rdp,
    .random_drawn = old.random_drawn,
    .status = { 0, 2, 0x60 },
    .size = MODEL_FLASH_SIZE,
    .smallest_erase = 4096,
    .busy_polls = 2,
    .stuck = UINT32_MAX,
    .to_pc_limit = MODEL_PIPE,
  };
}

uint32_t port_millis(void)
{
  return model.millis;
}

void port_watchdog_feed(void)
{
}

int port_random(uint8_t *bytes, size_t size)
{
  struct random random = { 0x1234567u + model.random_drawn };
  model.random_drawn += 1;
  for (size_t i = 0; i < size; i += 1) {
    bytes[i] = model.random == NULL ? (uint8_t)random_next(&random) : model.random[i];
  }
  return model.random_fault == 0 ? PORT_OK : PORT_ERROR_RNG;
}

uint32_t port_random_error(void)
{
  return model.random_fault;
}

uint8_t port_rdp_level(void)
{
  return model.rdp;
}

int port_rdp_set(uint8_t level)
{
  must(level == 1 && model.rdp == 0, "the read-out protection goes from 0 to 1 only");
  if (model.option_refuses) {
    return PORT_ERROR_OPTION;
  }
  model.rdp = level;
  return PORT_OK;
}

size_t port_link_read(uint8_t *bytes, size_t size)
{
  const size_t there = model.to_board - model.to_board_read;
  const size_t part = model.off ? 0 : there < size ? there : size;
  memcpy(bytes, model_to_board + model.to_board_read, part);
  model.to_board_read += part;
  return part;
}

size_t port_link_write(const uint8_t *bytes, size_t size)
{
  const size_t room = model.to_pc_limit - model.to_pc;
  const size_t part = model.off ? 0 : room < size ? room : size;
  memcpy(model_to_pc + model.to_pc, bytes, part);
  model.to_pc += part;
  return part;
}

uint32_t port_link_generation(void)
{
  return model.generation;
}

bool port_link_drained(void)
{
  return !model.holds_bytes;
}

uint32_t port_crc32(const uint8_t *bytes, size_t size)
{
  uint32_t crc = 0xFFFFFFFFu;
  for (size_t i = 0; i < size; i += 1) {
    crc ^= bytes[i];
    for (int bit = 0; bit < 8; bit += 1) {
      crc = (crc >> 1) ^ ((crc & 1u) != 0 ? 0xEDB88320u : 0u);
    }
  }
  return ~crc;
}

static bool sha_last; /* a part that is no multiple of 4 came: it must have been the last */

void port_sha256_begin(void)
{
  if (sha == NULL) {
    sha = EVP_MD_CTX_new();
  }
  sha_last = false;
  EVP_DigestInit_ex(sha, EVP_sha256(), NULL);
}

void port_sha256_add(const uint8_t *bytes, size_t size)
{
  must(!sha_last, "port_sha256_add after a size that is no multiple of 4");
  sha_last = size % 4u != 0;
  EVP_DigestUpdate(sha, bytes, size);
}

int port_sha256_end(uint8_t digest[32])
{
  return EVP_DigestFinal_ex(sha, digest, NULL) == 1 ? PORT_OK : PORT_ERROR_BUS;
}

void model_sha256(const uint8_t *bytes, size_t size, uint8_t digest[32])
{
  EVP_Digest(bytes, size, digest, NULL, EVP_sha256(), NULL);
}

int port_flash_start(struct port_flash_geometry *geometry)
{
  *geometry = (struct port_flash_geometry){ .jedec = { 0xEF, 0x40, 0x18 } };
  if (model.start_result == PORT_ERROR_NO_FLASH) {
    memset(geometry->jedec, 0xFF, 3);
  }
  if (model.start_result < 0) {
    return model.start_result;
  }
  *geometry = (struct port_flash_geometry){
    .size = model.size,
    .page = 256,
    .jedec = { 0xEF, 0x40, 0x18 },
    .unique_id_length = 8,
    .unique_id = { 0xd1, 0x64, 0x0c, 0x0b, 0x2f, 0x3a, 0x4f, 0x21 },
    .program_typical_us = 400,
    .program_maximum_us = 3000,
    .erase_sizes = 3,
    .erase = { { model.smallest_erase, 45000, 400000 }, { 32768, 120000, 1600000 }, { 65536, 150000, 2000000 } },
  };
  return PORT_OK;
}

void model_set_noisy(uint32_t offset, size_t size, uint8_t reads)
{
  for (uint32_t page = offset / MODEL_PAGE; page * MODEL_PAGE < offset + size; page += 1) {
    model_noisy[page] = reads;
  }
}

/* One bit of four of a noisy page reads as something else. */
static void add_noise(uint32_t offset, uint8_t *bytes, size_t size)
{
  struct random random = { model.torn_seed + model.reads };
  model.reads += 1;
  for (uint32_t i = 0; i < size; i += 1) {
    const uint32_t page = (offset + i) / MODEL_PAGE;
    if (model_noisy[page] == 0) {
      continue;
    }
    bytes[i] ^= (uint8_t)(random_next(&random) & random_next(&random));
    if (i + 1u == size || (offset + i + 1u) / MODEL_PAGE != page) {
      model_noisy[page] = (uint8_t)(model_noisy[page] - 1u);
    }
  }
}

int port_flash_read(uint32_t offset, uint8_t *bytes, size_t size)
{
  must(offset <= model.size && size <= model.size - offset, "read outside the chip");
  must(model.busy == 0 || model.off, "read while the chip is busy");
  if (model.off || model.read_error < 0) {
    return model.off ? PORT_ERROR_BUS : model.read_error;
  }
  memcpy(bytes, model_flash + offset, size);
  add_noise(offset, bytes, size);
  return PORT_OK;
}

int port_sha256_add_flash(uint32_t offset, size_t size)
{
  uint8_t nothing;
  const int result = port_flash_read(offset, &nothing, 0); /* the same conditions */
  must(offset <= model.size && size <= model.size - offset, "hash outside the chip");
  if (result >= 0) {
    port_sha256_add(model_flash + offset, size);
  }
  return result;
}

/* Counts an operation. Returns whether the power goes in it. */
static bool operation_cut(void)
{
  model.operations += 1;
  model.off = model.operations == model.cut_at;
  return model.off;
}

/* What `after` becomes of `before` when the power goes: in each byte some bits have changed already. */
static void settle(uint8_t *flash, const uint8_t *after, size_t size)
{
  model.last = (uint32_t)(flash - model_flash);
  struct random random = { model.torn_seed + model.operations + 1u };
  const bool cut = operation_cut();
  if (cut && model.torn == TORN_PARTLY) {
    model_set_noisy(model.last, size, NOISY_READS);
  }
  for (size_t i = 0; i < size; i += 1) {
    uint8_t changed = 0xFF;
    if (cut && model.torn != TORN_ALL) {
      changed = model.torn == TORN_NOTHING ? 0 : (uint8_t)random_next(&random);
    }
    flash[i] = (uint8_t)((flash[i] & ~changed) | (after[i] & changed));
  }
  if (model.stuck != UINT32_MAX) {
    model_flash[model.stuck] &= 0xFE;
  }
  model.busy = model.busy_polls;
}

int port_flash_erase(uint32_t offset, uint32_t bytes)
{
  static uint8_t blank[65536];
  must(bytes == 4096 || bytes == 32768 || bytes == 65536, "erase size");
  must(offset % bytes == 0 && offset < MODEL_FLASH_SIZE, "erase address");
  must(model.busy == 0 || model.off, "erase while the chip is busy");
  if (model.off) {
    return PORT_ERROR_BUS;
  }
  memset(blank, 0xFF, bytes);
  model.erases += 1;
  model_set_noisy(offset, bytes, 0);
  settle(model_flash + offset, blank, bytes);
  return PORT_OK;
}

int port_flash_program(uint32_t offset, const uint8_t *bytes, size_t size)
{
  uint8_t after[256];
  must(size >= 1 && size <= 256 && offset / 256u == (offset + size - 1u) / 256u, "program inside one page");
  must(offset < MODEL_FLASH_SIZE, "program address");
  must(model.busy == 0 || model.off, "program while the chip is busy");
  if (model.off) {
    return PORT_ERROR_BUS;
  }
  for (size_t i = 0; i < size; i += 1) {
    after[i] = model_flash[offset + i] & bytes[i];
  }
  model.programs += 1;
  settle(model_flash + offset, after, size);
  return PORT_OK;
}

int port_flash_poll(void)
{
  if (model.off) {
    return model.polls_off++ < POLLS_OFF ? PORT_BUSY : PORT_ERROR_TIMEOUT;
  }
  if (model.busy > 0) {
    model.busy -= 1;
    return PORT_BUSY;
  }
  return model.poll_error;
}

int port_flash_status(uint8_t status[3])
{
  memcpy(status, model.status, 3);
  return PORT_OK;
}

int port_flash_unprotect(void)
{
  if (model.unprotectable) {
    return PORT_ERROR_PROTECTED;
  }
  model.status[0] &= (uint8_t)~0x7Cu;
  model.status[1] &= (uint8_t)~0x40u;
  model.status[2] &= (uint8_t)~0x04u;
  return PORT_OK;
}

int port_log_start(void)
{
  return model.log_start;
}

int port_log_read(uint32_t index, uint8_t word[PORT_LOG_WORD_SIZE])
{
  must(index < PORT_LOG_WORDS, "log index");
  if (model_log_bad[index]) {
    return PORT_ERROR_ECC;
  }
  memcpy(word, model_log[index], PORT_LOG_WORD_SIZE);
  return PORT_OK;
}

bool port_log_blank(uint32_t index, uint32_t count)
{
  must(index + count <= PORT_LOG_WORDS, "log index");
  for (uint32_t i = index; i < index + count; i += 1) {
    for (unsigned k = 0; k < PORT_LOG_WORD_SIZE; k += 1) {
      if (model_log_bad[i] || model_log[i][k] != 0xFF) {
        return false;
      }
    }
  }
  return true;
}

int port_log_program(uint32_t index, const uint8_t word[PORT_LOG_WORD_SIZE])
{
  must(index < PORT_LOG_WORDS, "log index");
  model.log_programs += 1;
  if (model.off || model.log_refuses) {
    return PORT_ERROR_LOG;
  }
  const bool cut = operation_cut();
  for (unsigned i = 0; i < PORT_LOG_WORD_SIZE; i += 1) {
    must(model_log[index][i] == 0xFF && !model_log_bad[index], "a flash word is programmed once");
  }
  if (!cut || model.torn == TORN_ALL) {
    memcpy(model_log[index], word, PORT_LOG_WORD_SIZE);
  } else if (model.torn == TORN_PARTLY) {
    model_log_bad[index] = true;
  }
  return cut ? PORT_ERROR_LOG : PORT_OK;
}

const char port_log_error_text[] = "the flash did not take the log's word: FLASH_SR1 was #";

uint32_t port_log_error(void)
{
  return 0x00040000u; /* FLASH_SR1.PGSERR */
}

uint8_t *port_sector_staging(void)
{
  static _Alignas(4) uint8_t staging[PORT_SECTOR_IMAGE_MAX];
  return staging;
}

int port_sector_replaceable(void)
{
  return model.sector_protected ? PORT_ERROR_OPTION : PORT_OK;
}

/* The log is where `log_offset` says, by the new image's reckoning: nothing of the old one is left. */
void port_sector_replace(const struct port_sector *sector)
{
  must(sector->length <= sizeof model_image && sector->length % 4u == 0, "length of the image");
  must(sector->log_offset >= sector->length && sector->log_offset % PORT_LOG_WORD_SIZE == 0, "place of the log");
  model.replaced += 1;
  model.image_length = sector->length;
  memcpy(model_image, sector->image, sector->length);
  memset(model_log, 0xFF, sizeof model_log);
  memset(model_log_bad, 0, sizeof model_log_bad);
  memcpy(model_log, sector->log, sector->log_words * PORT_LOG_WORD_SIZE);
}

uint32_t port_backup_read(uint32_t index)
{
  must(index < 3, "backup register");
  return model.backup[index];
}

void port_backup_write(uint32_t index, uint32_t value)
{
  must(index < 3, "backup register");
  model.backup[index] = value;
}

bool port_usb_host_present(void)
{
  return model.host;
}

bool port_usb_configured(void)
{
  return model.configured;
}

void port_identify(struct port_identity *identity)
{
  *identity = (struct port_identity){
    .device = 0x20036450u,
    .reset_cause = model.reset_cause,
    .cpu_hz = 400000000u,
    .qspi_hz = 100000000u,
  };
  memcpy(identity->unique_id, unique_id, sizeof unique_id);
  identity->unique_id[0] ^= model.other_chip;
}

void port_reset(void)
{
  model.resets += 1;
}
