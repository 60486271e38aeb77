/* RM0433 sections 6.4.5 (DBP) and 46.6.20. */
#include "backup.h"

#include "board.h"
#include "port.h"
#include "stm32h750.h"

uint32_t backup_read(uint32_t number)
{
  return RTC->BKP0R[number];
}

void backup_write(uint32_t number, uint32_t value)
{
  PWR->CR1 |= PWR_CR1_DBP;
  (void)PWR->CR1; /* the write has arrived when the read comes back */
  RTC->BKP0R[number] = value;
  (void)RTC->BKP0R[number];
}

uint32_t port_backup_read(uint32_t index)
{
  return backup_read(BOARD_BACKUP_REGISTER + index);
}

void port_backup_write(uint32_t index, uint32_t value)
{
  backup_write(BOARD_BACKUP_REGISTER + index, value);
}
