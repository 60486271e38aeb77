/**
 * Registers of the USB OTG core (RM0433 chapter "USB on-the-go high-speed"), device mode. Bits that only host
 * mode, ULPI, OTG negotiation, battery charging or LPM use are tagged.
 */

import type { RegisterMap, RegisterSpec } from "../../registers.js";

/** Bidirectional endpoints, with endpoint 0. */
export const ENDPOINTS = 9;
const MOST_ENDPOINTS = 16;
const CHANNELS = 16;
/** Dedicated FIFO RAM in 32-bit words (4 KiB). */
export const FIFO_RAM_WORDS = 1024;
/** Where the registers of host mode begin, those of device mode, and those of both. */
export const HOST_REGISTERS = 0x400;
export const DEVICE_REGISTERS = 0x800;
export const POWER_REGISTERS = 0xe00;
/** First FIFO window, and the distance from one to the next. */
export const FIFO_WINDOW = 0x1000;
/** Direct access to the FIFO RAM for debugging begins here. */
export const FIFO_DEBUG = 0x20000;

export const GOTGCTL = { BVALOEN: 1 << 6, BVALOVAL: 1 << 7, BSVLD: 1 << 19, CURMOD: 1 << 21 } as const;
export const GOTGINT = { SEDET: 1 << 2 } as const;
export const GAHBCFG = { GINT: 1 << 0, DMAEN: 1 << 5, TXFELVL: 1 << 7 } as const;
export const GUSBCFG = { PHYSEL: 1 << 6, TRDT_SHIFT: 10, FHMOD: 1 << 29, FDMOD: 1 << 30 } as const;
export const GRSTCTL = { CSRST: 1 << 0, RXFFLSH: 1 << 4, TXFFLSH: 1 << 5, TXFNUM_SHIFT: 6 } as const;
export const GINT = {
  CMOD: 1 << 0,
  MMIS: 1 << 1,
  OTGINT: 1 << 2,
  SOF: 1 << 3,
  RXFLVL: 1 << 4,
  NPTXFE: 1 << 5,
  GINAKEFF: 1 << 6,
  GONAKEFF: 1 << 7,
  ESUSP: 1 << 10,
  USBSUSP: 1 << 11,
  USBRST: 1 << 12,
  ENUMDNE: 1 << 13,
  ISOODRP: 1 << 14,
  EOPF: 1 << 15,
  IEPINT: 1 << 18,
  OEPINT: 1 << 19,
  IISOIXFR: 1 << 20,
  INCOMPISOOUT: 1 << 21,
  PTXFE: 1 << 26,
  LPMINT: 1 << 27,
  SRQINT: 1 << 30,
  WKUINT: 0x8000_0000,
} as const;
export const PKTSTS = {
  GLOBAL_OUT_NAK: 1,
  OUT_DATA: 2,
  OUT_COMPLETE: 3,
  SETUP_DONE: 4,
  SETUP_DATA: 6,
} as const;
export const GCCFG = {
  DCDET: 1 << 0,
  PWRDWN: 1 << 16,
  BCDEN: 1 << 17,
  DCDEN: 1 << 18,
  VBDEN: 1 << 21,
} as const;
export const GLPMCFG = {
  LPMEN: 1 << 0,
  LPMACK: 1 << 1,
  BESL_SHIFT: 2,
  BESL: 15 << 2,
  REMWAKE: 1 << 6,
  BESLTHRS_SHIFT: 8,
  LPMRSP_SHIFT: 13,
  LPMRSP: 3 << 13,
  SLPSTS: 1 << 15,
  L1RSMOK: 1 << 16,
} as const;
export const DCFG = { DSPD: 3, NZLSOHSK: 1 << 2, DAD_SHIFT: 4, PFIVL_SHIFT: 11 } as const;
export const DCTL = {
  RWUSIG: 1 << 0,
  SDIS: 1 << 1,
  GINSTS: 1 << 2,
  GONSTS: 1 << 3,
  SGINAK: 1 << 7,
  CGINAK: 1 << 8,
  SGONAK: 1 << 9,
  CGONAK: 1 << 10,
  DSBESLRJCT: 1 << 18,
} as const;
export const DEACHINT = { IEP1INT: 1 << 1, OEP1INT: 1 << 17 } as const;
export const DSTS = { SUSPSTS: 1 << 0, ENUMSPD_FULL: 3 << 1, FNSOF_SHIFT: 8 } as const;
export const EPCTL = {
  USBAEP: 1 << 15,
  DPID: 1 << 16,
  NAKSTS: 1 << 17,
  EPTYP_SHIFT: 18,
  STALL: 1 << 21,
  TXFNUM_SHIFT: 22,
  CNAK: 1 << 26,
  SNAK: 1 << 27,
  SD0PID: 1 << 28,
  SD1PID: 1 << 29,
  EPDIS: 1 << 30,
  EPENA: 0x8000_0000,
} as const;
export const EPINT = {
  XFRC: 1 << 0,
  EPDISD: 1 << 1,
  AHBERR: 1 << 2,
  STUP: 1 << 3,
  TOC: 1 << 3,
  ITTXFE: 1 << 4,
  OTEPDIS: 1 << 4,
  INEPNE: 1 << 6,
  B2BSTUP: 1 << 6,
  TXFE: 1 << 7,
  OUTPKTERR: 1 << 8,
  PKTDRPSTS: 1 << 11,
  BERR: 1 << 12,
  NAK: 1 << 13,
  STPKTRX: 1 << 15,
} as const;
export const TSIZ = { PKTCNT_SHIFT: 19, STUPCNT_SHIFT: 29, RXDPID_SHIFT: 29 } as const;
export const PCGCCTL = { STPPCLK: 1 << 0, GATEHCLK: 1 << 1, PHYSUSP: 1 << 4 } as const;

/** Registers and fields that a core soft reset leaves alone (RM0433, OTG_GRSTCTL.CSRST). */
export const KEPT_BY_CSRST: Readonly<Record<string, number>> = {
  GCCFG: 0xffff_ffff,
  PCGCCTL: 0xffff_ffff,
  CID: 0xffff_ffff,
  DCFG: DCFG.DSPD,
  DCTL: DCTL.SDIS,
  // The forced mode stays, too, as Synopsys tells of this core (drivers/usb/dwc2 in Linux); the manual's list leaves it out.
  GUSBCFG: GUSBCFG.PHYSEL | GUSBCFG.FHMOD | GUSBCFG.FDMOD,
};

const ALL = 0xffff_ffff;
/** With bits that are reserved in one direction: ST's library clears with one mask for both, and they never get set. */
const INTERRUPTS_W1C = 0xff7f;

const GLOBAL: RegisterMap<string> = {
  GOTGCTL: { offset: 0x000, reset: 0x800, rw: 0xc0, ro: 0x002f_0101, tagged: 0x0010_1e3e },
  GOTGINT: { offset: 0x004, reset: 0, w1c: ALL },
  GAHBCFG: { offset: 0x008, reset: 0, rw: 0xbf, tagged: 0x100 },
  // TOCAL adds PHY clocks to how long an answer is waited for: here none is late.
  GUSBCFG: { offset: 0x00c, reset: 0xa00, rw: 0x6000_3c47, tagged: 0x83fe_8300 },
  GRSTCTL: { offset: 0x010, reset: 0x8000_0000, rw: 0x7c0, ro: 0xc000_0031, tagged: 0x6 },
  GINTSTS: { offset: 0x014, reset: 0x0400_0020, w1c: 0xf8f3_ff0a, ro: 0x070c_00f5 },
  GINTMSK: { offset: 0x018, reset: 0, rw: 0xfffe_fcfe },
  GRXSTSR: { offset: 0x01c, reset: 0, ro: ALL },
  GRXSTSP: { offset: 0x020, reset: 0, ro: ALL },
  GRXFSIZ: { offset: 0x024, reset: 0x200, rw: 0xffff },
  DIEPTXF0: { offset: 0x028, reset: 0x200, rw: ALL },
  HNPTXSTS: { offset: 0x02c, reset: 0x0008_0200, ro: ALL },
  GCCFG: { offset: 0x038, reset: 0, rw: 0x003f_0000, ro: 0xf },
  // Product id and the five configuration words as read from silicon (TinyUSB's table of cores, ST H743/H750).
  CID: { offset: 0x03c, reset: 0x2300, tagged: ALL },
  GSNPSID: { offset: 0x040, reset: 0x4f54_330a, ro: ALL },
  GHWCFG1: { offset: 0x044, reset: 0, ro: ALL },
  GHWCFG2: { offset: 0x048, reset: 0x229f_e190, ro: ALL },
  GHWCFG3: { offset: 0x04c, reset: 0x03b8_d2e8, ro: ALL },
  GHWCFG4: { offset: 0x050, reset: 0xe3f0_0030, ro: ALL },
  // How deep the PHY sleeps (L1SSEN, L1DSEN) shows nowhere; SNDLPM, LPMRCNT and LPMCHIDX are a host's.
  GLPMCFG: { offset: 0x054, reset: 0, rw: 0x1000_1f83, ro: 0x0e01_e07c, tagged: 0x01fe_0000 },
  GPWRDN: { offset: 0x058, reset: 0, tagged: 0x0080_0001 },
  GDFIFOCFG: { offset: 0x05c, reset: 0, rw: ALL },
  GADPCTL: { offset: 0x060, reset: 0, tagged: ALL },
  HPTXFSIZ: { offset: 0x100, reset: 0x0200_0600, tagged: ALL },
};

const DEVICE: RegisterMap<string> = {
  DCFG: { offset: 0x800, reset: 0x0220_0000, rw: 0x1ff7, tagged: 0x0300_c000 },
  // TCTL: the test modes are for high speed. ENCONTONBNA is for descriptors, which this core does not have.
  DCTL: { offset: 0x804, reset: 0, rw: 0x0004_0803, ro: 0xc, wo: 0x780, tagged: 0x0002_0070 },
  DSTS: { offset: 0x808, reset: 0x10, ro: 0x003f_ff0f },
  // TXFURM: no FIFO runs dry within a packet here; BIM, BOIM: only descriptors can be "not available".
  DIEPMSK: { offset: 0x810, reset: 0, rw: 0x237f },
  DOEPMSK: { offset: 0x814, reset: 0, rw: 0x737f },
  DAINT: { offset: 0x818, reset: 0, ro: ALL },
  DAINTMSK: { offset: 0x81c, reset: 0, rw: ALL },
  DVBUSDIS: { offset: 0x828, reset: 0x17d7, tagged: 0xffff },
  DVBUSPULSE: { offset: 0x82c, reset: 0x5b8, tagged: 0xfff },
  // Thresholds only say how much of a packet lies in a FIFO when it begins to move on.
  DTHRCTL: { offset: 0x830, reset: 0, rw: 0x0bff_07ff },
  DIEPEMPMSK: { offset: 0x834, reset: 0, rw: 0xffff },
  DEACHINT: { offset: 0x838, reset: 0, ro: 0x0002_0002 },
  DEACHINTMSK: { offset: 0x83c, reset: 0, rw: 0x0002_0002 },
  DIEPEACHMSK1: { offset: 0x844, reset: 0, rw: ALL },
  DOEPEACHMSK1: { offset: 0x884, reset: 0, rw: ALL },
  PCGCCTL: { offset: 0xe00, reset: 0, rw: 0x3, ro: 0x10 },
};

/** Host mode with nothing attached: the port has power, and its channels have nobody to talk to. */
const HOST: RegisterMap<string> = {
  HCFG: { offset: 0x400, reset: 0, rw: 0x7 },
  HFIR: { offset: 0x404, reset: 0xea60, rw: 0xffff },
  HFNUM: { offset: 0x408, reset: 0x3fff, ro: ALL },
  HPTXSTS: { offset: 0x410, reset: 0x0008_0100, ro: ALL },
  HAINT: { offset: 0x414, reset: 0, ro: 0xffff },
  HAINTMSK: { offset: 0x418, reset: 0, rw: 0xffff },
  HPRT: { offset: 0x440, reset: 0, rw: 0x1_f1c0, w1c: 0x2e, ro: 0x6_0c11 },
};

function channel(n: number): Record<string, RegisterSpec> {
  const at = 0x500 + 0x20 * n;
  return {
    [`HCCHAR${n}`]: { offset: at, reset: 0, rw: ALL },
    [`HCSPLT${n}`]: { offset: at + 0x04, reset: 0, rw: ALL },
    [`HCINT${n}`]: { offset: at + 0x08, reset: 0, w1c: ALL },
    [`HCINTMSK${n}`]: { offset: at + 0x0c, reset: 0, rw: 0x7ff },
    [`HCTSIZ${n}`]: { offset: at + 0x10, reset: 0, rw: ALL },
    [`HCDMA${n}`]: { offset: at + 0x14, reset: 0, rw: ALL },
  };
}

/** Registers of endpoint `n`; endpoint 0 has shorter fields, and USBAEP is fixed to 1. */
function endpoint(n: number): Record<string, RegisterSpec> {
  const isIn = 0x900 + 0x20 * n;
  const isOut = 0xb00 + 0x20 * n;
  const zero = n === 0;
  const act = zero ? EPCTL.USBAEP : 0;
  const commands = zero ? 0x0c00_0000 : 0x3c00_0000;
  return {
    [`DIEPCTL${n}`]: {
      offset: isIn,
      reset: act,
      rw: zero ? 0x03c0_0003 : 0x03ec_87ff,
      ro: zero ? 0xc02e_8000 : 0xc003_0000,
      wo: commands,
    },
    [`DIEPINT${n}`]: { offset: isIn + 0x08, reset: 0x80, w1c: INTERRUPTS_W1C, ro: 0x80, quiet: true },
    [`DIEPTSIZ${n}`]: {
      offset: isIn + 0x10,
      reset: 0,
      // MCNT is for the data PIDs of more than one packet in a microframe.
      rw: zero ? 0x0018_007f : 0x7fff_ffff,
    },
    [`DIEPDMA${n}`]: { offset: isIn + 0x14, reset: 0, rw: ALL },
    [`DTXFSTS${n}`]: { offset: isIn + 0x18, reset: 0, ro: 0xffff },
    [`DOEPCTL${n}`]: {
      offset: isOut,
      reset: act,
      // SNPM takes packets unchecked: here none is damaged.
      rw: zero ? 0x0010_0000 : 0x003c_87ff,
      ro: zero ? 0xc02e_8003 : 0xc003_0000,
      wo: commands,
    },
    [`DOEPINT${n}`]: {
      offset: isOut + 0x08,
      reset: zero ? 0x80 : 0,
      w1c: INTERRUPTS_W1C,
      ro: 0x80,
      quiet: true,
    },
    [`DOEPTSIZ${n}`]: {
      offset: isOut + 0x10,
      reset: 0,
      rw: zero ? 0x6008_007f : 0x1fff_ffff,
      ro: zero ? 0 : 0x6000_0000,
    },
    [`DOEPDMA${n}`]: { offset: isOut + 0x14, reset: 0, rw: ALL },
  };
}

/** Reset value of DIEPTXFn: 512 words each, one after the other (CMSIS-SVD of the H753). */
function transmitFifo(n: number): RegisterSpec {
  return { offset: 0x100 + 4 * n, reset: 0x0200_0000 | (0x200 + 0x200 * n), rw: ALL };
}

/** What the model attaches to a register by name. */
export type RegisterHooks = Readonly<Record<string, Pick<RegisterSpec, "onRead" | "onWrite">>>;

/** Every register of the core by name, with the model's hooks. */
export function otgRegisters(hooks: RegisterHooks): RegisterMap<string> {
  const specs: Record<string, RegisterSpec> = { ...GLOBAL, ...DEVICE, ...HOST };
  for (let n = 0; n < ENDPOINTS; n++) {
    Object.assign(specs, endpoint(n));
    if (n > 0) specs[`DIEPTXF${n}`] = transmitFifo(n);
  }
  // The core can have 16 endpoints; ST's library clears the sizes and interrupts of those that this one lacks.
  for (let n = ENDPOINTS; n < MOST_ENDPOINTS; n++) {
    specs[`DIEPTXF${n}`] = { offset: 0x100 + 4 * n, reset: 0 };
    specs[`DIEPINT${n}`] = { offset: 0x908 + 0x20 * n, reset: 0, w1c: ALL };
    specs[`DOEPINT${n}`] = { offset: 0xb08 + 0x20 * n, reset: 0, w1c: ALL };
  }
  for (let n = 0; n < CHANNELS; n++) Object.assign(specs, channel(n));
  for (const [name, hook] of Object.entries(hooks)) {
    const spec = specs[name];
    if (spec === undefined) throw new Error(`USB OTG has no register ${name}`);
    specs[name] = { ...spec, ...hook };
  }
  return specs;
}
