#include "clock.h"

#include "port.h"
#include "stm32h750.h"
#include "time.h"

#define HSI_HZ 64000000u
#define PLL1_HZ 400000000u

/* DS12556 (data sheet), table of PLL and regulator: lock at most 150 us, scale change some 50 us. Ten times that. */
#define READY_US 2000u
#define HSI48_US 1000u
#define USB33_US 5000u

static uint32_t cpu_hz = HSI_HZ;
static uint32_t hclk_hz = HSI_HZ;

uint32_t clock_cpu_hz(void)
{
  return cpu_hz;
}

uint32_t clock_hclk_hz(void)
{
  return hclk_hz;
}

/* RM0433 section 6.4.1: the supply configuration must be written before anything else changes the voltage, and counts
   once after power-on; SCUEN reads 0 from then on. After other resets it is already there. */
static int start_supply(void)
{
  if ((PWR->CR3 & PWR_CR3_SCUEN) != 0) {
    PWR->CR3 = (PWR->CR3 & ~(PWR_CR3_SCUEN | PWR_CR3_BYPASS)) | PWR_CR3_LDOEN;
  }
  if (!time_wait_bits(&PWR->CSR1, PWR_CSR1_ACTVOSRDY, PWR_CSR1_ACTVOSRDY, READY_US)) {
    return PORT_ERROR_TIMEOUT;
  }
  PWR->D3CR = (PWR->D3CR & ~PWR_D3CR_VOS_MASK) | PWR_D3CR_VOS(PWR_VOS_SCALE1);
  return time_wait_bits(&PWR->D3CR, PWR_D3CR_VOSRDY, PWR_D3CR_VOSRDY, READY_US) ? PORT_OK : PORT_ERROR_TIMEOUT;
}

/* HSI 64 MHz / 4 = 16 MHz (range 3: 8..16 MHz), x 50 = 800 MHz (wide VCO), / 2. RM0433 section 8.5.5: dividers and
   source may only change while the PLL is off, as it is after every reset. */
static int start_pll1(void)
{
  RCC->PLLCKSELR = RCC_PLLCKSELR_DIVM1(4) | RCC_PLLCKSELR_DIVM2(32) | RCC_PLLCKSELR_DIVM3(32);
  RCC->PLLCFGR = RCC_PLLCFGR_PLL1RGE(3) | RCC_PLLCFGR_DIVP1EN;
  RCC->PLL1DIVR = RCC_PLL1DIVR_DIVN1(50 - 1) | RCC_PLL1DIVR_DIVP1(2 - 1) | RCC_PLL1DIVR_DIVQ1(2 - 1) |
                  RCC_PLL1DIVR_DIVR1(2 - 1);
  RCC->CR |= RCC_CR_PLL1ON;
  if (!time_wait_bits(&RCC->CR, RCC_CR_PLL1RDY, RCC_CR_PLL1RDY, READY_US)) {
    RCC->CR &= ~RCC_CR_PLL1ON;
    return PORT_ERROR_TIMEOUT;
  }
  return PORT_OK;
}

/* RM0433 section 4.3.8, table of wait states: VOS1, AXI clock 185..210 MHz: 2 wait states, WRHIGHFREQ 2. They are set
   before the clock rises. The dividers come first, too, so that no bus is ever too fast. */
static int switch_to_pll1(void)
{
  uint32_t latency = FLASH_ACR_LATENCY(2) | FLASH_ACR_WRHIGHFREQ(2);
  FLASH->ACR = latency;
  if (!time_wait_bits(&FLASH->ACR, FLASH_ACR_LATENCY_MASK, FLASH_ACR_LATENCY(2), READY_US)) {
    return PORT_ERROR_TIMEOUT;
  }
  RCC->D1CFGR = RCC_D1CFGR_HPRE(RCC_DIVIDE_AHB_2) | RCC_D1CFGR_D1PPRE(RCC_DIVIDE_APB_2);
  RCC->D2CFGR = RCC_D2CFGR_D2PPRE1(RCC_DIVIDE_APB_2) | RCC_D2CFGR_D2PPRE2(RCC_DIVIDE_APB_2);
  RCC->D3CFGR = RCC_D3CFGR_D3PPRE(RCC_DIVIDE_APB_2);
  RCC->CFGR = RCC_CFGR_SW(RCC_SW_PLL1);
  if (!time_wait_bits(&RCC->CFGR, RCC_CFGR_SWS_MASK, RCC_CFGR_SWS(RCC_SW_PLL1), READY_US)) {
    return PORT_ERROR_TIMEOUT;
  }
  cpu_hz = PLL1_HZ;
  hclk_hz = PLL1_HZ / 2u;
  return PORT_OK;
}

int clock_start(void)
{
  int result = start_supply();
  if (result == PORT_OK) {
    result = start_pll1();
  }
  if (result == PORT_OK) {
    result = switch_to_pll1();
  }
  if (result != PORT_OK) {
    (void)clock_stop();
  }
  return result;
}

int clock_stop(void)
{
  RCC->CR |= RCC_CR_HSION;
  bool ready = time_wait_bits(&RCC->CR, RCC_CR_HSIRDY, RCC_CR_HSIRDY, READY_US);
  RCC->CFGR = RCC_CFGR_SW(RCC_SW_HSI);
  ready = time_wait_bits(&RCC->CFGR, RCC_CFGR_SWS_MASK, RCC_CFGR_SWS(RCC_SW_HSI), READY_US) && ready;
  if (!ready) {
    return PORT_ERROR_TIMEOUT;
  }
  cpu_hz = HSI_HZ;
  hclk_hz = HSI_HZ;
  RCC->CR &= ~RCC_CR_PLL1ON;
  ready = time_wait_bits(&RCC->CR, RCC_CR_PLL1RDY, 0, READY_US);
  RCC->D1CFGR = 0;
  RCC->D2CFGR = 0;
  RCC->D3CFGR = 0;
  RCC->PLLCKSELR = RCC_PLLCKSELR_RESET;
  RCC->PLLCFGR = RCC_PLLCFGR_RESET;
  RCC->PLL1DIVR = RCC_PLL1DIVR_RESET;
  FLASH->ACR = FLASH_ACR_RESET;
  PWR->D3CR = (PWR->D3CR & ~PWR_D3CR_VOS_MASK) | PWR_D3CR_VOS(PWR_VOS_SCALE3);
  return time_wait_bits(&PWR->D3CR, PWR_D3CR_VOSRDY, PWR_D3CR_VOSRDY, READY_US) && ready ? PORT_OK
                                                                                          : PORT_ERROR_TIMEOUT;
}

/* RM0433 sections 8.5.3 (HSI48), 9.4 (CRS: 48 MHz / 1 kHz start-of-frame = 48000 counts) and 6.4.7 (USB supply). */
int clock_start_usb(void)
{
  PWR->CR3 |= PWR_CR3_USB33DEN;
  bool supplied = time_wait_bits(&PWR->CR3, PWR_CR3_USB33RDY, PWR_CR3_USB33RDY, USB33_US);
  RCC->CR |= RCC_CR_HSI48ON;
  bool running = time_wait_bits(&RCC->CR, RCC_CR_HSI48RDY, RCC_CR_HSI48RDY, HSI48_US);
  RCC->D2CCIP2R = (RCC->D2CCIP2R & ~RCC_D2CCIP2R_USBSEL_MASK) | RCC_D2CCIP2R_USBSEL(RCC_USBSEL_HSI48);
  RCC->APB1HENR |= RCC_APB1HENR_CRSEN;
  (void)RCC->APB1HENR; /* RM0433 section 8.5.11: two bus clocks between the enable and the first access */
  CRS->CFGR = CRS_CFGR_RELOAD(48000 - 1) | CRS_CFGR_FELIM(0x22) | CRS_CFGR_SYNCSRC(CRS_SYNCSRC_USB2_SOF);
  CRS->CR |= CRS_CR_AUTOTRIMEN | CRS_CR_CEN;
  return supplied && running ? PORT_OK : PORT_ERROR_TIMEOUT;
}
