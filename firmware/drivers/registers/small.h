/* Peripherals of which only a few registers are used. Sections of RM0433 stand at each. */
#ifndef REGISTERS_SMALL_H
#define REGISTERS_SMALL_H

#include <stdint.h>

/* CRC calculation unit, section 21.4. */
struct crc_registers {
  volatile uint32_t DR;
  volatile uint32_t IDR;
  volatile uint32_t CR;
  uint32_t RESERVED0;
  volatile uint32_t INIT;
  volatile uint32_t POL;
};
#define CRC ((struct crc_registers *)0x58024C00u)
#define CRC_CR_RESET (1u << 0)
#define CRC_CR_REV_IN(n) ((uint32_t)(n) << 5)
#define CRC_CR_REV_OUT (1u << 7)
#define CRC_REV_IN_BYTE 1u

/* Hash processor, section 35.7. The eight SHA-256 words are at HASH_HR, 0x310. */
struct hash_registers {
  volatile uint32_t CR;
  volatile uint32_t DIN;
  volatile uint32_t STR;
  uint32_t RESERVED0[6];
  volatile uint32_t SR;
  uint32_t RESERVED1[186];
  volatile uint32_t HASH_HR0[8];
};
#define HASH ((struct hash_registers *)0x48021400u)
#define HASH_CR_INIT (1u << 2)
#define HASH_CR_DATATYPE(n) ((uint32_t)(n) << 4)
#define HASH_CR_ALGO0 (1u << 7)
#define HASH_CR_ALGO1 (1u << 18)
#define HASH_STR_NBLW(n) ((uint32_t)(n) << 0)
#define HASH_STR_DCAL (1u << 8)
#define HASH_SR_DCIS (1u << 1)
#define HASH_SR_BUSY (1u << 3)
#define HASH_DATATYPE_BYTES 2u

/* True random number generator. */
struct rng_registers {
  volatile uint32_t CR;
  volatile uint32_t SR;
  volatile uint32_t DR;
};
#define RNG ((struct rng_registers *)0x48021800u)
#define RNG_CR_RNGEN (1u << 2)
#define RNG_SR_DRDY (1u << 0)
#define RNG_SR_CECS (1u << 1)
#define RNG_SR_SECS (1u << 2)
#define RNG_SR_CEIS (1u << 5)
#define RNG_SR_SEIS (1u << 6)

/* Clock recovery system, section 9.7. */
struct crs_registers {
  volatile uint32_t CR;
  volatile uint32_t CFGR;
};
#define CRS ((struct crs_registers *)0x40008400u)
#define CRS_CR_CEN (1u << 5)
#define CRS_CR_AUTOTRIMEN (1u << 6)
#define CRS_CFGR_RELOAD(n) ((uint32_t)(n) << 0)
#define CRS_CFGR_FELIM(n) ((uint32_t)(n) << 16)
#define CRS_CFGR_SYNCSRC(n) ((uint32_t)(n) << 28)
#define CRS_SYNCSRC_USB2_SOF 3u

/* Real-time clock, section 46.6: its backup registers alone. */
struct rtc_registers {
  uint32_t RESERVED0[20];
  volatile uint32_t BKP0R[32];
};
#define RTC ((struct rtc_registers *)0x58004000u)

/* System configuration, section 12.4: the overdrive alone. */
struct syscfg_registers {
  uint32_t RESERVED0[11];
  volatile uint32_t PWRCR;
};
#define SYSCFG ((struct syscfg_registers *)0x58000400u)
#define SYSCFG_PWRCR_ODEN 1u
#define SYSCFG_PWRCR_ODEN_MASK (0xFu << 0)

/* Extended interrupts, section 20.6. */
struct exti_registers {
  volatile uint32_t RTSR1;
  volatile uint32_t FTSR1;
  uint32_t RESERVED0[6];
  volatile uint32_t RTSR2;
  volatile uint32_t FTSR2;
  uint32_t RESERVED1[6];
  volatile uint32_t RTSR3;
  volatile uint32_t FTSR3;
  uint32_t RESERVED2[14];
  volatile uint32_t CPUIMR1;
  uint32_t RESERVED3;
  volatile uint32_t CPUPR1;
};
#define EXTI ((struct exti_registers *)0x58000000u)
#define EXTI_CPUIMR1_RESET 0xFFC00000u
#define EXTI_CPUPR1_ALL 0x003FFFFFu

/* Basic timer, section 42.4. */
struct tim6_registers {
  volatile uint32_t CR1;
  volatile uint32_t CR2;
  uint32_t RESERVED0;
  volatile uint32_t DIER;
  uint32_t RESERVED1[7];
  volatile uint32_t ARR;
};
#define TIM6 ((struct tim6_registers *)0x40001000u)
#define TIM6_CR1_CEN (1u << 0)
#define TIM6_DIER_UIE (1u << 0)

/* Independent watchdog, section 45.4. */
struct iwdg_registers {
  volatile uint32_t KR;
};
#define IWDG ((struct iwdg_registers *)0x58004800u)
#define IWDG_KEY_RELOAD 0xAAAAu

/* Debug unit, section 60.5.8, and the unique id, section 61.1. */
struct dbgmcu_registers {
  volatile uint32_t IDC;
};
#define DBGMCU ((struct dbgmcu_registers *)0x5C001000u)
#define UNIQUE_ID ((const volatile uint32_t *)0x1FF1E800u)

#endif
