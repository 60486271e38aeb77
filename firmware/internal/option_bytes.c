/* Setting the read-out protection by the option bytes. RM0433, "FLASH option bytes" and "Readout protection (RDP)". */
#include "port.h"
#include "stm32h750.h"
#include "time.h"

#define RDP_LEVEL_0 0xAAu
#define RDP_LEVEL_1 0x55u /* anything that is neither of the other two */

/* The data sheet has no time for it; sectors are erased in at most 2 s. The CPU stands still meanwhile. */
#define CHANGE_US 4000000u

static bool change(uint32_t value)
{
  FLASH->OPTKEYR = FLASH_OPTKEY1;
  FLASH->OPTKEYR = FLASH_OPTKEY2;
  FLASH->OPTCCR = FLASH_OPTCCR_CLR_OPTCHANGEERR;
  FLASH->OPTSR_PRG = value;
  FLASH->OPTCR = FLASH_OPTCR_OPTSTART;
  bool done = time_wait_bits(&FLASH->OPTSR_CUR, FLASH_OPTSR_OPT_BUSY, 0, CHANGE_US);
  bool failed = (FLASH->OPTSR_CUR & FLASH_OPTSR_OPTCHANGEERR) != 0;
  FLASH->OPTCCR = FLASH_OPTCCR_CLR_OPTCHANGEERR;
  FLASH->OPTCR = FLASH_OPTCR_OPTLOCK;
  return done && !failed;
}

/* Everything but RDP is written as it is: OPTSR_PRG may still hold what an earlier change has left there. */
int port_rdp_set(uint8_t level)
{
  if (level > 1u || level < port_rdp_level()) {
    return PORT_ERROR_OPTION;
  }
  uint32_t rdp = level == 0u ? RDP_LEVEL_0 : RDP_LEVEL_1;
  uint32_t keep = FLASH->OPTSR_CUR &
                  ~(FLASH_OPTSR_RDP_MASK | FLASH_OPTSR_OPT_BUSY | FLASH_OPTSR_OPTCHANGEERR);
  return change(keep | FLASH_OPTSR_RDP(rdp)) ? PORT_OK : PORT_ERROR_OPTION;
}
