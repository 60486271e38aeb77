/* RM0433 section 60: device initialization 60.15, programming model 60.15.6 and on. */
#include "otg_fs.h"

#include <string.h>

#include "clock.h"
#include "gpio.h"
#include "port.h"
#include "stm32h750.h"
#include "time.h"
#include "usb_device.h"

/*
 * 1024 words of FIFO RAM. Receive: 10 for SETUP, 3 for statuses, and room for 15 bulk packets of 16 + 1 words, so that the
 * host goes on sending while packets are copied out; bulk IN: 2 KiB (section 60.11.3).
 */
#define RX_WORDS 272u
#define TX0_WORDS 32u
#define TX1_WORDS (OTG_BULK_IN_MAX / 4u)
#define TX2_WORDS 16u
_Static_assert(RX_WORDS + TX0_WORDS + TX1_WORDS + TX2_WORDS <= 1024u, "the FIFO RAM has 1024 words");

#define STEP_US 1000u
/* A hub takes both lines low for more than 2.5 us as a disconnect (USB 2.0, 7.1.7.3, TDDIS). */
#define DISCONNECT_US 100u
/* GUSBCFG.FDMOD takes effect after at most 25 ms (section 60.14.4). */
#define FORCE_DEVICE_US 50000u
/* A full-speed host sends at most 19 packets a frame: a loop over more is not the bus's doing. */
#define RECEIVE_MAX 64u

/* Turnaround time for AHB clocks of 32 MHz and more (section 60.14.4, table of TRDT). */
#define TRDT 6u

static const struct pin pin_dm = { 0, 11, 10 };
static const struct pin pin_dp = { 0, 12, 10 };

static void flush_tx(uint32_t fifo)
{
  OTG_GLOBAL->GRSTCTL = OTG_GRSTCTL_TXFFLSH | OTG_GRSTCTL_TXFNUM(fifo);
  (void)time_wait_bits(&OTG_GLOBAL->GRSTCTL, OTG_GRSTCTL_TXFFLSH, 0, STEP_US);
}

static void flush_rx(void)
{
  OTG_GLOBAL->GRSTCTL = OTG_GRSTCTL_RXFFLSH;
  (void)time_wait_bits(&OTG_GLOBAL->GRSTCTL, OTG_GRSTCTL_RXFFLSH, 0, STEP_US);
}

static void share_fifo_ram(void)
{
  uint32_t start = RX_WORDS;
  OTG_GLOBAL->GRXFSIZ = RX_WORDS;
  OTG_GLOBAL->DIEPTXF0 = OTG_DIEPTXF0_TX0FSA(start) | OTG_DIEPTXF0_TX0FD(TX0_WORDS);
  start += TX0_WORDS;
  OTG_GLOBAL->DIEPTXF1 = OTG_DIEPTXF1_INEPTXSA(start) | OTG_DIEPTXF1_INEPTXFD(TX1_WORDS);
  start += TX1_WORDS;
  OTG_GLOBAL->DIEPTXF2 = OTG_DIEPTXF1_INEPTXSA(start) | OTG_DIEPTXF1_INEPTXFD(TX2_WORDS);
}

/* The core is one that could drive a ULPI transceiver: without PHYSEL it waits for that one's clock, and its reset never
   ends. The bit survives the reset. */
static int reset_core(void)
{
  OTG_GLOBAL->GUSBCFG |= OTG_GUSBCFG_PHYSEL;
  bool ready = time_wait_bits(&OTG_GLOBAL->GRSTCTL, OTG_GRSTCTL_AHBIDL, OTG_GRSTCTL_AHBIDL, STEP_US);
  /* Before the reset: with the ULPI interface selected there is no PHY clock, and CSRST would never end. */
  OTG_GLOBAL->GUSBCFG |= OTG_GUSBCFG_PHYSEL;
  OTG_GLOBAL->GRSTCTL = OTG_GRSTCTL_CSRST;
  ready = time_wait_bits(&OTG_GLOBAL->GRSTCTL, OTG_GRSTCTL_CSRST, 0, STEP_US) && ready;
  ready = time_wait_bits(&OTG_GLOBAL->GRSTCTL, OTG_GRSTCTL_AHBIDL, OTG_GRSTCTL_AHBIDL, STEP_US) && ready;
  return ready ? PORT_OK : PORT_ERROR_TIMEOUT;
}

static int force_device_mode(void)
{
  OTG_GLOBAL->GCCFG = OTG_GCCFG_PWRDWN; /* transceiver on; VBDEN 0: there is no VBUS pin */
  OTG_GLOBAL->GOTGCTL |= OTG_GOTGCTL_BVALOEN | OTG_GOTGCTL_BVALOVAL;
  OTG_GLOBAL->GUSBCFG =
      (OTG_GLOBAL->GUSBCFG & ~OTG_GUSBCFG_TRDT_MASK) | OTG_GUSBCFG_PHYSEL | OTG_GUSBCFG_FDMOD | OTG_GUSBCFG_TRDT(TRDT);
  return time_wait_bits(&OTG_GLOBAL->GINTSTS, OTG_GINTSTS_CMOD, 0, FORCE_DEVICE_US) ? PORT_OK : PORT_ERROR_TIMEOUT;
}

int otg_start(void)
{
  RCC->AHB1ENR |= RCC_AHB1ENR_USB2OTGEN;
  (void)RCC->AHB1ENR;
  /* With the ULPI clock on in sleep but no ULPI transceiver, WFI would stop the core's own clock (RM0433 8.7.43). */
  RCC->AHB1LPENR = (RCC->AHB1LPENR & ~RCC_AHB1LPENR_USB2OTGULPILPEN) | RCC_AHB1LPENR_USB2OTGLPEN;
  OTG_DEVICE->DCTL |= OTG_DCTL_SDIS;
  gpio_alternate(pin_dm, GPIO_PULL_NONE);
  gpio_alternate(pin_dp, GPIO_PULL_NONE);
  int result = reset_core();
  if (result == PORT_OK) {
    result = force_device_mode();
  }
  OTG_DEVICE->DCTL |= OTG_DCTL_SDIS;
  OTG_PCGCCTL = 0;
  OTG_DEVICE->DCFG |= OTG_DCFG_DSPD(OTG_DSPD_FULL_SPEED_INTERNAL);
  share_fifo_ram();
  flush_tx(OTG_TXFNUM_ALL);
  flush_rx();
  OTG_GLOBAL->GINTSTS = OTG_GLOBAL->GINTSTS; /* write 1 to clear */
  OTG_GLOBAL->GINTMSK = OTG_GINTMSK_RXFLVLM | OTG_GINTMSK_USBSUSPM | OTG_GINTMSK_USBRST | OTG_GINTMSK_ENUMDNEM |
                        OTG_GINTMSK_IEPINT | OTG_GINTMSK_OEPINT | OTG_GINTMSK_WUIM;
  OTG_GLOBAL->GAHBCFG = OTG_GAHBCFG_GINT | OTG_GAHBCFG_TXFELVL;
  NVIC_EnableIRQ(OTG_FS_IRQn);
  return result;
}

void otg_connect(void)
{
  OTG_DEVICE->DCTL &= ~OTG_DCTL_SDIS;
}

void otg_stop(void)
{
  NVIC_DisableIRQ(OTG_FS_IRQn);
  OTG_DEVICE->DCTL |= OTG_DCTL_SDIS;
  time_wait_us(DISCONNECT_US);
}

void otg_lock(void)
{
  NVIC_DisableIRQ(OTG_FS_IRQn);
  __DSB();
  __ISB();
}

void otg_unlock(void)
{
  NVIC_EnableIRQ(OTG_FS_IRQn);
}

void otg_set_address(uint32_t address)
{
  OTG_DEVICE->DCFG = (OTG_DEVICE->DCFG & ~OTG_DCFG_DAD_MASK) | OTG_DCFG_DAD(address);
}

void otg_configure(bool configured)
{
  uint32_t active = configured ? OTG_DIEPCTL1_USBAEP | OTG_DIEPCTL1_SD0PID : 0;
  OTG_IN(OTG_BULK)->CTL = active | OTG_DIEPCTL1_MPSIZ(OTG_PACKET) | OTG_DIEPCTL1_EPTYP(OTG_EPTYP_BULK) |
                          OTG_DIEPCTL1_TXFNUM(OTG_BULK) | OTG_DIEPCTL1_SNAK;
  OTG_IN(OTG_NOTIFICATION)->CTL = active | OTG_DIEPCTL1_MPSIZ(OTG_NOTIFICATION_PACKET) |
                                  OTG_DIEPCTL1_EPTYP(OTG_EPTYP_INTERRUPT) | OTG_DIEPCTL1_TXFNUM(OTG_NOTIFICATION) |
                                  OTG_DIEPCTL1_SNAK;
  OTG_OUT(OTG_BULK)->CTL = active | OTG_DOEPCTL1_MPSIZ(OTG_PACKET) | OTG_DOEPCTL1_EPTYP(OTG_EPTYP_BULK) |
                           OTG_DOEPCTL1_SNAK;
  uint32_t control = OTG_DAINT_IEPINT(1u << OTG_CONTROL) | OTG_DAINT_OEPINT(1u << OTG_CONTROL);
  uint32_t bulk = OTG_DAINT_IEPINT(1u << OTG_BULK) | OTG_DAINT_OEPINT(1u << OTG_BULK);
  OTG_DEVICE->DAINTMSK = configured ? control | bulk : control;
}

void otg_in_start(uint32_t endpoint, const uint8_t *bytes, uint32_t size)
{
  struct otg_endpoint_registers *in = OTG_IN(endpoint);
  uint32_t packets = size == 0 ? 1u : (size + OTG_PACKET - 1u) / OTG_PACKET;
  in->TSIZ = OTG_DIEPTSIZ1_PKTCNT(packets) | OTG_DIEPTSIZ1_XFRSIZ(size);
  in->CTL |= OTG_DIEPCTL1_CNAK | OTG_DIEPCTL1_EPENA;
  for (uint32_t sent = 0; sent < size; sent += 4u) {
    uint32_t word = 0;
    memcpy(&word, bytes + sent, size - sent < 4u ? size - sent : 4u);
    OTG_FIFO(endpoint) = word;
  }
}

/* Section 60.15.6, "disabling an IN endpoint": NAK first, then disable, then flush. */
void otg_in_cancel(uint32_t endpoint)
{
  struct otg_endpoint_registers *in = OTG_IN(endpoint);
  if ((in->CTL & OTG_DIEPCTL1_EPENA) != 0) {
    in->CTL |= OTG_DIEPCTL1_SNAK;
    (void)time_wait_bits(&in->INT, OTG_DIEPINT1_INEPNE, OTG_DIEPINT1_INEPNE, STEP_US);
    in->CTL |= OTG_DIEPCTL1_SNAK | OTG_DIEPCTL1_EPDIS;
    (void)time_wait_bits(&in->INT, OTG_DIEPINT1_EPDISD, OTG_DIEPINT1_EPDISD, STEP_US);
  }
  flush_tx(endpoint);
  in->INT = OTG_DIEPINT1_EPDISD | OTG_DIEPINT1_INEPNE | OTG_DIEPINT1_XFRC;
}

void otg_out_start(uint32_t endpoint, uint32_t packets)
{
  struct otg_endpoint_registers *out = OTG_OUT(endpoint);
  uint32_t setups = endpoint == OTG_CONTROL ? OTG_DOEPTSIZ0_STUPCNT(3) : 0;
  out->TSIZ = setups | OTG_DIEPTSIZ1_PKTCNT(packets) | OTG_DIEPTSIZ1_XFRSIZ(packets * OTG_PACKET);
  out->CTL |= OTG_DOEPCTL1_CNAK | OTG_DOEPCTL1_EPENA;
}

void otg_expect_setup(void)
{
  if ((OTG_OUT(OTG_CONTROL)->CTL & OTG_DOEPCTL1_EPENA) == 0) {
    OTG_OUT(OTG_CONTROL)->TSIZ = OTG_DOEPTSIZ0_STUPCNT(3);
  }
}

static volatile uint32_t *control_of(uint32_t endpoint, bool in)
{
  return in ? &OTG_IN(endpoint)->CTL : &OTG_OUT(endpoint)->CTL;
}

void otg_stall(uint32_t endpoint, bool in)
{
  *control_of(endpoint, in) |= OTG_DIEPCTL1_STALL;
}

/* The data toggle starts again at DATA0 (USB 2.0, 9.4.5). */
void otg_unstall(uint32_t endpoint, bool in)
{
  volatile uint32_t *control = control_of(endpoint, in);
  *control = (*control & ~OTG_DIEPCTL1_STALL) | OTG_DIEPCTL1_SD0PID;
}

bool otg_stalled(uint32_t endpoint, bool in)
{
  return (*control_of(endpoint, in) & OTG_DIEPCTL1_STALL) != 0;
}

/* Section 60.15.6, "endpoint initialization on USB reset". */
static void on_bus_reset(void)
{
  OTG_OUT(OTG_CONTROL)->CTL = OTG_DOEPCTL1_SNAK;
  for (uint32_t endpoint = 0; endpoint <= OTG_NOTIFICATION; endpoint += 1u) {
    otg_in_cancel(endpoint);
    OTG_IN(endpoint)->INT = OTG_IN(endpoint)->INT; /* write 1 to clear */
    OTG_OUT(endpoint)->INT = OTG_OUT(endpoint)->INT;
  }
  flush_rx();
  OTG_DEVICE->DOEPMSK = OTG_DOEPMSK_STUPM | OTG_DOEPMSK_XFRCM;
  OTG_DEVICE->DIEPMSK = OTG_DIEPMSK_XFRCM;
  otg_set_address(0);
  otg_expect_setup();
  usb_on_reset();
}

/* MPSIZ 0 of endpoint 0: 64 bytes. */
static void on_enumerated(void)
{
  OTG_IN(OTG_CONTROL)->CTL &= ~OTG_DIEPCTL1_MPSIZ(0x7FF);
}

static void receive_packet(void)
{
  uint32_t status = OTG_GLOBAL->GRXSTSP;
  uint32_t endpoint = status & OTG_GRXSTSP_EPNUM_MASK;
  uint32_t size = (status & OTG_GRXSTSP_BCNT_MASK) / OTG_GRXSTSP_BCNT(1);
  uint32_t kind = (status & OTG_GRXSTSP_PKTSTS_MASK) / OTG_GRXSTSP_PKTSTS(1);
  bool setup = kind == OTG_PKTSTS_SETUP_DATA;
  if (!setup && kind != OTG_PKTSTS_OUT_DATA) {
    return;
  }
  uint32_t words[OTG_PACKET / 4u];
  for (uint32_t i = 0; i < (size + 3u) / 4u; i += 1u) {
    uint32_t word = OTG_FIFO(OTG_CONTROL);
    if (i < sizeof words / sizeof words[0]) {
      words[i] = word;
    }
  }
  if (size > OTG_PACKET) {
    size = OTG_PACKET;
  }
  if (setup) {
    usb_on_setup_data((const uint8_t *)words);
  } else {
    usb_on_out_data(endpoint, (const uint8_t *)words, size);
  }
}

static void out_interrupts(void)
{
  uint32_t pending = OTG_DEVICE->DAINT & OTG_DEVICE->DAINTMSK;
  for (uint32_t endpoint = OTG_CONTROL; endpoint <= OTG_BULK; endpoint += 1u) {
    if ((pending & OTG_DAINT_OEPINT(1u << endpoint)) == 0) {
      continue;
    }
    uint32_t flags = OTG_OUT(endpoint)->INT;
    OTG_OUT(endpoint)->INT = flags;
    if ((flags & OTG_DOEPINT1_STUP) != 0) {
      usb_on_setup();
    } else if ((flags & OTG_DOEPINT1_XFRC) != 0 && (flags & OTG_DOEPINT1_STPKTRX) == 0) {
      usb_on_out_complete(endpoint);
    }
  }
}

static void in_interrupts(void)
{
  uint32_t pending = OTG_DEVICE->DAINT & OTG_DEVICE->DAINTMSK;
  for (uint32_t endpoint = OTG_CONTROL; endpoint <= OTG_BULK; endpoint += 1u) {
    if ((pending & OTG_DAINT_IEPINT(1u << endpoint)) != 0 &&
        (OTG_IN(endpoint)->INT & OTG_DIEPINT1_XFRC) != 0) {
      OTG_IN(endpoint)->INT = OTG_DIEPINT1_XFRC;
      usb_on_in_complete(endpoint);
    }
  }
}

static void bus_interrupts(uint32_t pending)
{
  if ((pending & OTG_GINTSTS_USBRST) != 0) {
    OTG_GLOBAL->GINTSTS = OTG_GINTSTS_USBRST;
    on_bus_reset();
  }
  if ((pending & OTG_GINTSTS_ENUMDNE) != 0) {
    OTG_GLOBAL->GINTSTS = OTG_GINTSTS_ENUMDNE;
    on_enumerated();
  }
  if ((pending & OTG_GINTSTS_USBSUSP) != 0) {
    OTG_GLOBAL->GINTSTS = OTG_GINTSTS_USBSUSP;
    usb_on_suspend(true);
  }
  if ((pending & OTG_GINTSTS_WKUINT) != 0) {
    OTG_GLOBAL->GINTSTS = OTG_GINTSTS_WKUINT;
    usb_on_suspend(false);
  }
}

void OTG_FS_IRQHandler(void)
{
  bus_interrupts(OTG_GLOBAL->GINTSTS & OTG_GLOBAL->GINTMSK);
  for (uint32_t i = 0; i < RECEIVE_MAX && (OTG_GLOBAL->GINTSTS & OTG_GINTSTS_RXFLVL) != 0; i += 1u) {
    receive_packet();
  }
  uint32_t pending = OTG_GLOBAL->GINTSTS;
  if ((pending & OTG_GINTSTS_OEPINT) != 0) {
    out_interrupts();
  }
  if ((pending & OTG_GINTSTS_IEPINT) != 0) {
    in_interrupts();
  }
  usb_event();
}
