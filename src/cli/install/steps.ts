/** How IMBootloader gets onto a board for the first time: by ST's ROM bootloader, or by a debug probe. */
import type { Board } from "../../boards/board.js";
import type { PackageName } from "../../boards/pins.js";

export const PROBES = ["dfu", "stlink", "jlink", "openocd"] as const;
export type Probe = (typeof PROBES)[number];

/** Something a person does; or commands for a shell, each a line. */
export interface Step {
  readonly text: string;
  readonly commands: readonly string[];
}

export interface Way {
  readonly probe: Probe;
  readonly title: string;
  readonly steps: readonly Step[];
}

export interface Installation {
  readonly board: Board;
  /** What `--board` takes for it. */
  readonly nameOrPath: string;
  /** imbootloader.bin of the board. */
  readonly image: string;
  /** Configuration for OpenOCD that stands in for interface and target: the emulated board's own. */
  readonly openocdConfig: string | undefined;
}

const FLASH = "0x08000000";
/** ST's ROM bootloader on USB. */
const DFU_DEVICE = "0483:df11";

/** The chip as SEGGER and ST name it, by package. */
const CHIPS: Readonly<Record<PackageName, string>> = {
  LQFP100: "STM32H750VB",
  LQFP144: "STM32H750ZB",
  LQFP176: "STM32H750IB",
  UFBGA176: "STM32H750IB",
  TFBGA240: "STM32H750XB",
};

const WIRES =
  "Connect the probe: SWDIO to PA13, SWCLK to PA14, GND to GND, NRST to NRST, its voltage sense to 3.3 V; power the board.";

/** A word of a command line, in quotes where the shell would take it apart. */
function word(text: string): string {
  return /^[A-Za-z0-9_./:,=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function dfu({ board, image }: Installation): Step[] {
  const how = board.romBootloader ?? "pull BOOT0 up to 3.3 V, reset the board, and let go of BOOT0";
  return [
    {
      text: `Start ST's ROM bootloader: connect the board's USB to the PC, then ${how}. The board shows as ${DFU_DEVICE}:`,
      commands: [`dfu-util --list --device ${DFU_DEVICE}`],
    },
    {
      text: "Write the bootloader; the board then starts it:",
      commands: [
        `dfu-util --device ${DFU_DEVICE} --alt 0 --dfuse-address ${FLASH}:leave --download ${word(image)}`,
      ],
    },
  ];
}

function stlink({ image }: Installation): Step[] {
  return [
    { text: WIRES, commands: [] },
    {
      text: "With ST's own tool:",
      commands: [`STM32_Programmer_CLI -c port=SWD mode=UR -w ${word(image)} ${FLASH} -v -rst`],
    },
    {
      text: "or with the open tools (Debian's stlink-tools):",
      commands: [`st-flash --reset write ${word(image)} ${FLASH}`],
    },
  ];
}

function jlink({ board, image }: Installation): Step[] {
  const script = ["r", "h", `loadbin ${image}, ${FLASH}`, `verifybin ${image}, ${FLASH}`, "r", "g", "exit"];
  const chip = CHIPS[board.package ?? "LQFP100"];
  return [
    { text: WIRES, commands: [] },
    {
      text: "Let J-Link Commander run a script:",
      commands: [
        "cat > install.jlink <<'END'",
        ...script,
        "END",
        `JLinkExe -device ${chip} -if SWD -speed 4000 -autoconnect 1 -ExitOnError 1 -CommandFile install.jlink`,
      ],
    },
  ];
}

function openocd({ image, openocdConfig }: Installation): Step[] {
  const target =
    openocdConfig === undefined
      ? "-f interface/stlink.cfg -f target/stm32h7x.cfg"
      : `-f ${word(openocdConfig)}`;
  return [
    {
      text:
        openocdConfig === undefined
          ? `${WIRES} For another probe than an ST-LINK take its file in OpenOCD's interface/.`
          : "Start the board, with its ST-LINK, in another terminal: imflasher emulate --stlink 7184",
      commands: [],
    },
    {
      text: "Write, verify and start the bootloader:",
      commands: [`openocd ${target} -c ${word(`program {${image}} verify reset exit ${FLASH}`)}`],
    },
  ];
}

const WAYS: Readonly<Record<Probe, readonly [title: string, steps: (one: Installation) => Step[]]>> = {
  dfu: ["Without a probe: ST's ROM bootloader and dfu-util", dfu],
  stlink: ["With an ST-LINK", stlink],
  jlink: ["With a J-Link", jlink],
  openocd: ["With OpenOCD", openocd],
};

export function installationWay(installation: Installation, probe: Probe): Way {
  const [title, steps] = WAYS[probe];
  const seen: Step = {
    text: "See that it is there (a board that was new is open: it has no owner):",
    commands: [`imflasher info`],
  };
  return { probe, title, steps: [...steps(installation), seen] };
}

/** For people: the sentence, then its commands, indented. */
export function stepLines({ text, commands }: Step): string[] {
  return [text, ...commands.map((command) => `    ${command}`)];
}

/** What a board gets whose first stage must stay: the slot's or the card's image, and where it goes. */
export function keepFirstStageSteps(board: Board, image: string): Step[] {
  const { firstStage } = board;
  if (firstStage === undefined) return [];
  const { slot, sdCardFile } = firstStage;
  const place = `0x${slot.address.toString(16).toUpperCase()}:0x${slot.length.toString(16)}`;
  const usb: Step = {
    text: `Start the first stage's own DFU${board.romBootloader === undefined ? "" : `: ${board.romBootloader}`}. Then write IMSSBL into its slot:`,
    commands: [`dfu-util --alt 0 --dfuse-address ${place} --download ${word(image)}`],
  };
  if (sdCardFile === undefined) return [usb];
  return [
    usb,
    {
      text: "or copy it to an SD card, which the first stage takes instead:",
      commands: [`cp ${word(image)} ${sdCardFile}`],
    },
  ];
}
