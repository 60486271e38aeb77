/**
 * Eclipse: launch configurations of Embed CDT, of CDT's GDB Hardware Debugging, and of the server as an external tool.
 * Keys: ConfigurationAttributes.java and DefaultPreferences.java of eclipse-embed-cdt/eclipse-plugins, IGDBJtagConstants.java
 * and GDBJtagDSFFinalLaunchSequence.java of eclipse-cdt/cdt, IExternalToolConstants.java of the Eclipse platform.
 */

import type { IdeProject, ProbeName, WholeFile } from "./project.js";
import { DEVICE, MIDDLE_PORT, middleCommand, OPENOCD_FILES, wrapperArguments } from "./servers.js";
import { type LaunchValue, launchFile } from "./xml.js";

type Values = Readonly<Record<string, LaunchValue>>;

/** Probes that a plug-in of Embed CDT starts a server for. */
const EMBED_CDT: Readonly<Partial<Record<ProbeName, (project: IdeProject) => WholeFile>>> = {
  jlink: embedJLink,
  openocd: embedOpenOcd,
};

export function eclipseFiles(project: IdeProject): readonly WholeFile[] {
  const own = EMBED_CDT[project.probe];
  return [...(own === undefined ? [] : [own(project)]), hardwareDebugging(project), externalTool(project)];
}

const GDBJTAG = "org.eclipse.cdt.debug.gdbjtag.core";

/** What all debug configurations have in common. */
function common(project: IdeProject, port: number): Values {
  return {
    [`${GDBJTAG}.ipAddress`]: "localhost",
    [`${GDBJTAG}.portNumber`]: port,
    [`${GDBJTAG}.useRemoteTarget`]: true,
    [`${GDBJTAG}.loadImage`]: true,
    [`${GDBJTAG}.loadSymbols`]: true,
    [`${GDBJTAG}.useProjBinaryForImage`]: true,
    [`${GDBJTAG}.useProjBinaryForSymbols`]: true,
    [`${GDBJTAG}.useFileForImage`]: false,
    [`${GDBJTAG}.useFileForSymbols`]: false,
    [`${GDBJTAG}.imageFileName`]: "",
    [`${GDBJTAG}.imageOffset`]: "",
    [`${GDBJTAG}.symbolsFileName`]: "",
    [`${GDBJTAG}.symbolsOffset`]: "",
    [`${GDBJTAG}.pcRegister`]: "",
    [`${GDBJTAG}.setPcRegister`]: false,
    [`${GDBJTAG}.setStopAt`]: true,
    [`${GDBJTAG}.stopAt`]: "main",
    "org.eclipse.cdt.dsf.gdb.UPDATE_THREADLIST_ON_SUSPEND": false,
    "org.eclipse.cdt.launch.ATTR_BUILD_BEFORE_LAUNCH_ATTR": 2,
    "org.eclipse.cdt.launch.PROGRAM_NAME": project.program,
    "org.eclipse.cdt.launch.PROJECT_ATTR": project.name,
    "org.eclipse.debug.core.MAPPED_RESOURCE_PATHS": [`/${project.name}`],
    "org.eclipse.debug.core.MAPPED_RESOURCE_TYPES": ["4"],
    process_factory_id: "org.eclipse.cdt.dsf.gdb.GdbProcessFactory",
  };
}

/** As a plug-in of Embed CDT is called in keys and in its list of devices. */
interface Plugin {
  readonly key: string;
  readonly device: string;
  readonly port: number;
}

/** Embed CDT starts the probe's server, and imflasher-gdb as GDB. */
function embedCdt(project: IdeProject, { key: plugin, device, port }: Plugin, own: Values): string {
  const prefix = `ilg.gnumcueclipse.debug.gdbjtag.${plugin}`;
  const named = Object.fromEntries(Object.entries(own).map(([key, value]) => [`${prefix}.${key}`, value]));
  return launchFile(`${prefix}.launchConfigurationType`, {
    ...common(project, port),
    [`${GDBJTAG}.jtagDevice`]: device,
    [`${GDBJTAG}.setResume`]: false,
    "org.eclipse.cdt.dsf.gdb.DEBUG_NAME": project.wrapper,
    [`${prefix}.doStartGdbServer`]: true,
    [`${prefix}.gdbServerGdbPortNumber`]: port,
    [`${prefix}.gdbClientOtherOptions`]: wrapperArguments(project).map(eclipseWord).join(" "),
    [`${prefix}.gdbClientOtherCommands`]: "set mem inaccessible-by-default off",
    [`${prefix}.doFirstReset`]: true,
    [`${prefix}.doSecondReset`]: true,
    [`${prefix}.doContinue`]: true,
    [`${prefix}.doDebugInRam`]: false,
    [`${prefix}.doGdbServerAllocateConsole`]: true,
    [`${prefix}.enableSemihosting`]: false,
    [`${prefix}.otherInitCommands`]: "",
    [`${prefix}.otherRunCommands`]: "",
    ...named,
  });
}

function embedJLink(project: IdeProject): WholeFile {
  const text = embedCdt(
    project,
    { key: "jlink", device: "GNU MCU J-Link", port: 2331 },
    {
      gdbServerExecutable: `\${jlink_path}/\${jlink_gdbserver}`,
      gdbServerDeviceName: DEVICE,
      gdbServerDebugInterface: "swd",
      gdbServerConnection: "usb",
      gdbServerConnectionAddress: "",
      gdbServerDeviceEndianness: "little",
      gdbServerDeviceSpeed: "4000",
      gdbServerSwoPortNumber: 2332,
      gdbServerTelnetPortNumber: 2333,
      gdbServerOther: "-singlerun -strict -timeout 0 -nogui",
      // imflasher has the board verify what it wrote; J-Link knows nothing of it.
      doGdbServerVerifyDownload: false,
      doGdbServerInitRegs: false,
      doGdbServerLocalOnly: true,
      doGdbServerAllocateSemihostingConsole: false,
      doConnectToRunning: false,
      enableFlashBreakpoints: false,
      enableSwo: false,
      firstResetType: "",
      firstResetSpeed: 1000,
      secondResetType: "",
      interfaceSpeed: "auto",
    },
  );
  return { path: `${project.name} (J-Link).launch`, text };
}

function embedOpenOcd(project: IdeProject): WholeFile {
  const text = embedCdt(
    project,
    { key: "openocd", device: "GNU MCU OpenOCD", port: 3333 },
    {
      gdbServerExecutable: `\${openocd_path}/\${openocd_executable}`,
      gdbServerConnectionAddress: "",
      gdbServerTelnetPortNumber: 4444,
      gdbServerTclPortNumber: "6666",
      gdbServerLog: "",
      gdbServerOther: OPENOCD_FILES.map((file) => `-f ${file}`).join(" "),
      doGdbServerAllocateTelnetConsole: false,
      doStartGdbCLient: true,
      firstResetType: "init",
      secondResetType: "halt",
    },
  );
  return { path: `${project.name} (OpenOCD).launch`, text };
}

/** CDT itself, at the server in the middle; the external tool below starts that. */
function hardwareDebugging(project: IdeProject): WholeFile {
  const text = launchFile("org.eclipse.cdt.debug.gdbjtag.launchConfigurationType", {
    ...common(project, MIDDLE_PORT),
    [`${GDBJTAG}.jtagDevice`]: "Generic TCP/IP",
    [`${GDBJTAG}.jtagDeviceId`]: "org.eclipse.cdt.debug.gdbjtag.core.jtagdevice.genericDevice",
    [`${GDBJTAG}.connection`]: `gdb:localhost:${MIDDLE_PORT}`,
    [`${GDBJTAG}.doReset`]: false,
    [`${GDBJTAG}.doHalt`]: false,
    [`${GDBJTAG}.delay`]: 0,
    [`${GDBJTAG}.initCommands`]: "",
    [`${GDBJTAG}.runCommands`]: "",
    [`${GDBJTAG}.setResume`]: true,
    "org.eclipse.cdt.dsf.gdb.DEBUG_NAME": project.gdb,
  });
  return { path: `${project.name} (GDB Hardware Debugging).launch`, text };
}

/** The server in the middle, and with it the probe's. */
function externalTool(project: IdeProject): WholeFile {
  const text = launchFile("org.eclipse.ui.externaltools.ProgramLaunchConfigurationType", {
    // The location is a path, and imflasher may be just a name.
    "org.eclipse.ui.externaltools.ATTR_LOCATION": "/usr/bin/env",
    "org.eclipse.ui.externaltools.ATTR_TOOL_ARGUMENTS": middleCommand(project, MIDDLE_PORT)
      .map(eclipseWord)
      .join(" "),
    "org.eclipse.ui.externaltools.ATTR_WORKING_DIRECTORY": `\${workspace_loc:/${project.name}}`,
    "org.eclipse.debug.ui.favoriteGroups": ["org.eclipse.ui.externaltools.launchGroup"],
  });
  return { path: `${project.name} (gdb-server, ${project.probe}).launch`, text };
}

/** Eclipse takes its argument lines apart at blanks, but for those in double quotes. */
function eclipseWord(word: string): string {
  return /[\s"']/.test(word) ? `"${word.replace(/["\\]/g, "\\$&")}"` : word;
}
