/* The option bytes belong to the first stage, and leaving read-out protection erases it: nothing is ever set here. */
#include "port.h"

int port_rdp_set(uint8_t level)
{
  (void)level;
  return PORT_ERROR_OPTION;
}
