/**
 * VS Code: launch.json for two debug extensions, and tasks.json.
 * Fields: package.json of Marus/cortex-debug 1.13 and of eclipse-cdt-cloud/cdt-gdb-vscode 2.9.
 */

import type { IdeFile, IdeProject, JsonObject } from "./project.js";
import { DEVICE, MIDDLE_PORT, middleCommand, OPENOCD_FILES, wrapperArguments } from "./servers.js";

const FOLDER = `\${workspaceFolder}`;
/** Milliseconds until the server in the middle says its port: it waits for the probe's, as long as this. */
const SERVER_TIME = 30_000;

export function vscodeFiles(project: IdeProject): readonly IdeFile[] {
  return [
    {
      path: ".vscode/launch.json",
      list: "configurations",
      key: "name",
      version: "0.2.0",
      objects: [cortexDebug(project), gdbTarget(project)],
    },
    { path: ".vscode/tasks.json", list: "tasks", key: "label", version: "2.0.0", objects: tasks(project) },
  ];
}

function cortexDebug(project: IdeProject): JsonObject {
  return {
    name: `${project.name} (cortex-debug, ${project.probe})`,
    type: "cortex-debug",
    request: "launch",
    cwd: FOLDER,
    executable: `${FOLDER}/${project.program}`,
    device: DEVICE,
    runToEntryPoint: "main",
    ...cortexDebugServer(project),
  };
}

function cortexDebugServer(project: IdeProject): JsonObject {
  const { probe } = project;
  const debuggerArgs = wrapperArguments(project);
  if (probe === "emulated") {
    // That server is the one in the middle already, so that GDB is the real one.
    return {
      servertype: "external",
      gdbTarget: `localhost:${MIDDLE_PORT}`,
      gdbPath: project.gdb,
      preLaunchTask: serverTaskName(project),
    };
  }
  return {
    servertype: probe,
    ...(probe === "openocd" ? { configFiles: OPENOCD_FILES } : { interface: "swd" }),
    gdbPath: project.wrapper,
    ...(debuggerArgs.length === 0 ? {} : { debuggerArgs }),
  };
}

function gdbTarget(project: IdeProject): JsonObject {
  const program = `${FOLDER}/${project.program}`;
  const [server, ...serverParameters] = middleCommand(project, 0);
  return {
    name: `${project.name} (gdbtarget, ${project.probe})`,
    type: "gdbtarget",
    request: "launch",
    cwd: FOLDER,
    program,
    gdb: project.gdb,
    target: {
      server,
      serverParameters: [...serverParameters, "--once"],
      // Of the lines of the probe's server, which stand behind "server: ", none may be taken for it.
      serverPortRegExp: "(?:^|\\n)Listening on port ([0-9]+)\\r?\\n",
      portDetectionTimeout: SERVER_TIME,
      cwd: FOLDER,
    },
    imageAndSymbols: { imageFileName: program },
    preRunCommands: ["tbreak main"],
    customResetCommands: ["monitor reset", "maintenance flush register-cache"],
  };
}

const serverTaskName = ({ name, probe }: IdeProject): string => `${name}: gdb-server (${probe})`;

/** A board that the debugger starts is there for it alone. */
function tasks(project: IdeProject): readonly JsonObject[] {
  return [project.probe === "emulated" ? serverTask(project) : flashTask(project)];
}

function flashTask({ name, program, imflasher, boardOptions }: IdeProject): JsonObject {
  const [command, ...first] = imflasher;
  return {
    label: `${name}: flash`,
    type: "process",
    command,
    args: [...first, "flash", `${FOLDER}/${program}`, ...boardOptions],
    problemMatcher: [],
  };
}

function serverTask(project: IdeProject): JsonObject {
  const [command, ...args] = middleCommand(project, MIDDLE_PORT);
  return {
    label: serverTaskName(project),
    type: "process",
    command,
    args,
    options: { cwd: FOLDER },
    isBackground: true,
    problemMatcher: {
      owner: "imflasher",
      pattern: { regexp: "^imflasher: ((.*))$", file: 1, message: 2 },
      background: { activeOnStart: true, beginsPattern: "^server: ", endsPattern: "^Listening on port \\d+" },
    },
  };
}
