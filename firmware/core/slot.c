#include "slot.h"

#include "bytes.h"

void slot_write(struct slot_writer *writer, struct slot_writer what, bool erase)
{
  *writer = what;
  writer->phase = erase ? SLOT_ERASE : SLOT_PROGRAM;
}

bool slot_spent(const struct slot_writer *writer)
{
  return writer->phase == SLOT_PROGRAMMING || writer->phase == SLOT_CHECK;
}

bool slot_blank(const uint8_t *bytes, size_t size)
{
  for (size_t i = 0; i < size; i += 4) {
    if (load_u32(bytes + i) != 0xFFFFFFFFu) {
      return false;
    }
  }
  return true;
}

static int slot_check(const struct slot_writer *writer)
{
  uint8_t found[SLOT_SIZE_MAX];
  const int result = external_read(writer->address, found, writer->size);
  if (result < 0) {
    return result;
  }
  return memcmp(found, writer->bytes, writer->size) == 0 ? PORT_OK : SLOT_ERROR_VERIFY;
}

int slot_step(struct slot_writer *writer)
{
  for (;;) {
    int result = PORT_OK;
    switch (writer->phase) {
    case SLOT_ERASE:
      writer->phase = SLOT_ERASING;
      result = external_erase(writer->address / EXTERNAL_SECTOR * EXTERNAL_SECTOR, EXTERNAL_SECTOR);
      return result < 0 ? result : PORT_BUSY;
    case SLOT_PROGRAM:
      writer->phase = SLOT_PROGRAMMING;
      result = external_program(writer->address, writer->bytes, writer->size);
      return result < 0 ? result : PORT_BUSY;
    case SLOT_ERASING:
    case SLOT_PROGRAMMING:
      result = port_flash_poll();
      if (result < 0 || result == PORT_BUSY) {
        return result;
      }
      writer->phase = writer->phase == SLOT_ERASING ? SLOT_PROGRAM : SLOT_CHECK;
      break;
    case SLOT_CHECK:
      return slot_check(writer);
    }
  }
}
