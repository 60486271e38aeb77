/* The log of port.h: the chain in external flash, because the internal flash is the first stage's. */
#include "chain.h"

int port_log_start(void)
{
  return chain_start();
}

int port_log_read(uint32_t index, uint8_t word[PORT_LOG_WORD_SIZE])
{
  return chain_read(index, word);
}

bool port_log_blank(uint32_t index, uint32_t count)
{
  (void)count; /* the words that are not blank come first */
  return chain_blank(index);
}

int port_log_program(uint32_t index, const uint8_t word[PORT_LOG_WORD_SIZE])
{
  return chain_program(index, word);
}

const char port_log_error_text[] = "the flash did not take the log's word at #";

uint32_t port_log_error(void)
{
  return chain_failed_at();
}
