/* Read-out protection as the option bytes have it. RM0433, "Readout protection (RDP)". */
#include "port.h"
#include "stm32h750.h"

#define RDP_LEVEL_0 0xAAu
#define RDP_LEVEL_2 0xCCu

uint8_t port_rdp_level(void)
{
  uint32_t rdp = (FLASH->OPTSR_CUR & FLASH_OPTSR_RDP_MASK) / FLASH_OPTSR_RDP(1);
  if (rdp == RDP_LEVEL_0) {
    return 0;
  }
  return rdp == RDP_LEVEL_2 ? 2 : 1;
}
