/* USB2_OTG_FS: OTG controller of the Synopsys family, device mode. RM0433 section 60.14 (registers). */
#ifndef REGISTERS_OTG_FS_H
#define REGISTERS_OTG_FS_H

#include <stdint.h>

struct otg_global_registers {
  volatile uint32_t GOTGCTL;
  volatile uint32_t GOTGINT;
  volatile uint32_t GAHBCFG;
  volatile uint32_t GUSBCFG;
  volatile uint32_t GRSTCTL;
  volatile uint32_t GINTSTS;
  volatile uint32_t GINTMSK;
  volatile uint32_t GRXSTSR;
  volatile uint32_t GRXSTSP;
  volatile uint32_t GRXFSIZ;
  volatile uint32_t DIEPTXF0;
  volatile uint32_t HNPTXSTS;
  uint32_t RESERVED0[2];
  volatile uint32_t GCCFG;
  volatile uint32_t CID;
  uint32_t RESERVED1[49];
  volatile uint32_t DIEPTXF1;
  volatile uint32_t DIEPTXF2;
};

struct otg_device_registers {
  volatile uint32_t DCFG;
  volatile uint32_t DCTL;
  volatile uint32_t DSTS;
  uint32_t RESERVED0;
  volatile uint32_t DIEPMSK;
  volatile uint32_t DOEPMSK;
  volatile uint32_t DAINT;
  volatile uint32_t DAINTMSK;
  uint32_t RESERVED1[5];
  volatile uint32_t DIEPEMPMSK;
};

/* One endpoint's direction: eight words, 0x20 bytes. DTXFSTS exists for IN only. */
struct otg_endpoint_registers {
  volatile uint32_t CTL;
  uint32_t RESERVED0;
  volatile uint32_t INT;
  uint32_t RESERVED1;
  volatile uint32_t TSIZ;
  volatile uint32_t DMA;
  volatile uint32_t DTXFSTS;
  uint32_t RESERVED2;
};

#define OTG_FS_BASE 0x40080000u
#define OTG_GLOBAL ((struct otg_global_registers *)OTG_FS_BASE)
#define OTG_DEVICE ((struct otg_device_registers *)(OTG_FS_BASE + 0x800u))
#define OTG_IN(endpoint) ((struct otg_endpoint_registers *)(OTG_FS_BASE + 0x900u + 0x20u * (uint32_t)(endpoint)))
#define OTG_OUT(endpoint) ((struct otg_endpoint_registers *)(OTG_FS_BASE + 0xB00u + 0x20u * (uint32_t)(endpoint)))
#define OTG_PCGCCTL (*(volatile uint32_t *)(OTG_FS_BASE + 0xE00u))
/* A write to any address of the window pushes, a read pops; reads always pop the one receive FIFO. */
#define OTG_FIFO(endpoint) (*(volatile uint32_t *)(OTG_FS_BASE + 0x1000u * ((uint32_t)(endpoint) + 1u)))

#define OTG_GOTGCTL_BVALOEN (1u << 6)
#define OTG_GOTGCTL_BVALOVAL (1u << 7)
#define OTG_GAHBCFG_GINT (1u << 0)
#define OTG_GAHBCFG_TXFELVL (1u << 7)
#define OTG_GUSBCFG_PHYSEL (1u << 6)
#define OTG_GUSBCFG_TRDT(n) ((uint32_t)(n) << 10)
#define OTG_GUSBCFG_TRDT_MASK (0xFu << 10)
#define OTG_GUSBCFG_FDMOD (1u << 30)
#define OTG_GRSTCTL_CSRST (1u << 0)
#define OTG_GRSTCTL_RXFFLSH (1u << 4)
#define OTG_GRSTCTL_TXFFLSH (1u << 5)
#define OTG_GRSTCTL_TXFNUM(n) ((uint32_t)(n) << 6)
#define OTG_GRSTCTL_AHBIDL (1u << 31)
#define OTG_GINTSTS_CMOD (1u << 0)
#define OTG_GINTSTS_RXFLVL (1u << 4)
#define OTG_GINTSTS_USBSUSP (1u << 11)
#define OTG_GINTSTS_USBRST (1u << 12)
#define OTG_GINTSTS_ENUMDNE (1u << 13)
#define OTG_GINTSTS_IEPINT (1u << 18)
#define OTG_GINTSTS_OEPINT (1u << 19)
#define OTG_GINTSTS_WKUINT (1u << 31)
#define OTG_GINTMSK_RXFLVLM (1u << 4)
#define OTG_GINTMSK_USBSUSPM (1u << 11)
#define OTG_GINTMSK_USBRST (1u << 12)
#define OTG_GINTMSK_ENUMDNEM (1u << 13)
#define OTG_GINTMSK_IEPINT (1u << 18)
#define OTG_GINTMSK_OEPINT (1u << 19)
#define OTG_GINTMSK_WUIM (1u << 31)
#define OTG_GRXSTSP_EPNUM_MASK (0xFu << 0)
#define OTG_GRXSTSP_BCNT(n) ((uint32_t)(n) << 4)
#define OTG_GRXSTSP_BCNT_MASK (0x7FFu << 4)
#define OTG_GRXSTSP_PKTSTS(n) ((uint32_t)(n) << 17)
#define OTG_GRXSTSP_PKTSTS_MASK (0xFu << 17)
#define OTG_DIEPTXF0_TX0FSA(n) ((uint32_t)(n) << 0)
#define OTG_DIEPTXF0_TX0FD(n) ((uint32_t)(n) << 16)
#define OTG_DIEPTXF1_INEPTXSA(n) ((uint32_t)(n) << 0)
#define OTG_DIEPTXF1_INEPTXFD(n) ((uint32_t)(n) << 16)
#define OTG_GCCFG_PWRDWN (1u << 16)
#define OTG_DCFG_DSPD(n) ((uint32_t)(n) << 0)
#define OTG_DCFG_DAD(n) ((uint32_t)(n) << 4)
#define OTG_DCFG_DAD_MASK (0x7Fu << 4)
#define OTG_DCTL_SDIS (1u << 1)
#define OTG_DIEPMSK_XFRCM (1u << 0)
#define OTG_DOEPMSK_XFRCM (1u << 0)
#define OTG_DOEPMSK_STUPM (1u << 3)
#define OTG_DAINT_IEPINT(n) ((uint32_t)(n) << 0)
#define OTG_DAINT_OEPINT(n) ((uint32_t)(n) << 16)
#define OTG_DIEPCTL1_MPSIZ(n) ((uint32_t)(n) << 0)
#define OTG_DIEPCTL1_USBAEP (1u << 15)
#define OTG_DIEPCTL1_NAKSTS (1u << 17)
#define OTG_DIEPCTL1_EPTYP(n) ((uint32_t)(n) << 18)
#define OTG_DIEPCTL1_STALL (1u << 21)
#define OTG_DIEPCTL1_TXFNUM(n) ((uint32_t)(n) << 22)
#define OTG_DIEPCTL1_CNAK (1u << 26)
#define OTG_DIEPCTL1_SNAK (1u << 27)
#define OTG_DIEPCTL1_SD0PID (1u << 28)
#define OTG_DIEPCTL1_EPDIS (1u << 30)
#define OTG_DIEPCTL1_EPENA (1u << 31)
#define OTG_DIEPINT1_XFRC (1u << 0)
#define OTG_DIEPINT1_EPDISD (1u << 1)
#define OTG_DIEPINT1_INEPNE (1u << 6)
#define OTG_DOEPCTL1_CNAK (1u << 26)
#define OTG_DOEPCTL1_SNAK (1u << 27)
#define OTG_DOEPCTL1_SD0PID (1u << 28)
#define OTG_DOEPCTL1_STALL (1u << 21)
#define OTG_DOEPCTL1_EPENA (1u << 31)
#define OTG_DOEPCTL1_USBAEP (1u << 15)
#define OTG_DOEPCTL1_EPTYP(n) ((uint32_t)(n) << 18)
#define OTG_DOEPCTL1_MPSIZ(n) ((uint32_t)(n) << 0)
#define OTG_DOEPINT1_XFRC (1u << 0)
#define OTG_DOEPINT1_STUP (1u << 3)
/* Set together with XFRC by cores from 3.10a on when what was received is a SETUP packet, not data. */
#define OTG_DOEPINT1_STPKTRX (1u << 15)
#define OTG_DIEPTSIZ1_XFRSIZ(n) ((uint32_t)(n) << 0)
#define OTG_DIEPTSIZ1_PKTCNT(n) ((uint32_t)(n) << 19)
#define OTG_DOEPTSIZ0_STUPCNT(n) ((uint32_t)(n) << 29)

/* GRXSTSP.PKTSTS in device mode. */
#define OTG_PKTSTS_OUT_DATA 2u
#define OTG_PKTSTS_SETUP_DATA 6u
#define OTG_DSPD_FULL_SPEED_INTERNAL 3u
#define OTG_EPTYP_BULK 2u
#define OTG_EPTYP_INTERRUPT 3u
#define OTG_TXFNUM_ALL 0x10u

#endif
